package org.cocoon.link.evidence.snp;

import static org.cocoon.link.evidence.snp.TestPlatform.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.snp.CertificateTable.Entry;
import org.cocoon.link.evidence.snp.SnpReport.SigningKey;
import org.cocoon.link.evidence.snp.SnpVerdict.Reason;
import org.junit.jupiter.api.Test;

/** Reports under a test root: what is accepted, and every refusal with its own reason. */
final class SnpVerifierTest {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final long SEED = 20260301;

  @Test
  void acceptsWhatThePolicyAllowsOnEveryProduct() {
    for (Product product : Product.values()) {
      for (SigningKey kind : SigningKey.values()) {
        TestPlatform platform = new TestPlatform(product, kind);
        SnpVerdict.Trusted trusted =
            assertInstanceOf(
                SnpVerdict.Trusted.class,
                verify(platform, platform.report()),
                product + " " + kind);
        assertEquals(product, trusted.product());
        assertEquals(TestPlatform.tcb(product), trusted.tcb());
        assertEquals("worker", trusted.report().hostText());
        assertEquals(NOW.plus(Duration.ofDays(365)), trusted.notAfter());
        assertTrue(trusted.simulated() && !trusted.revocationChecked());
      }
    }
  }

  @Test
  void refusesGuestsThatAreOpenToTheirHost() {
    assertRefused(Reason.DEBUG, changed(b -> b.putLong(8, 0x30000 | 1 << 19)));
    assertRefused(Reason.MIGRATABLE, changed(b -> b.putLong(8, 0x30000 | 1 << 18)));
    assertRefused(Reason.MIGRATABLE, changed(b -> b.put(0x160, (byte) 1)));
    assertRefused(Reason.RESERVED_BITS, changed(b -> b.putLong(8, 0x10000)));
    assertRefused(Reason.RESERVED_BITS, changed(b -> b.putLong(8, 0x30000 | 1 << 26)));
    assertRefused(Reason.RESERVED_BITS, changed(b -> b.putLong(8, 0x30000 | 1L << 63)));
    assertRefused(Reason.RESERVED_BITS, changed(b -> b.putLong(0x40, 1 << 6)));
    assertRefused(Reason.VMPL, changed(b -> b.putInt(0x30, 1)));
    assertRefused(Reason.VMPL, changed(b -> b.putInt(0x30, -1)));
  }

  @Test
  void refusesPlatformsBelowTheLeastVersion() {
    for (int field : new int[] {0x38, 0x1e0, 0x1f0}) {
      assertRefused(
          Reason.TCB_TOO_OLD, changed(b -> b.putLong(field, b.getLong(field) - (1L << 56))));
      assertRefused(Reason.RESERVED_BITS, changed(b -> b.put(field + 4, (byte) 1)));
    }
    TestPlatform platform = milan();
    SnpPolicy newer =
        policy(platform, Map.of(Product.MILAN, new TcbVersion(0, 3, 1, 21, 210)), Set.of());
    assertRefused(Reason.TCB_TOO_OLD, verify(newer, platform.table(), platform.report()));
    SnpPolicy none = policy(platform, Map.of(Product.GENOA, TestPlatform.tcb(Product.GENOA)));
    assertRefused(Reason.PRODUCT_NOT_ALLOWED, verify(none, platform.table(), platform.report()));
  }

  @Test
  void refusesAKeyOfAnotherPlatformVersionOrChip() {
    for (String part :
        List.of(
            EndorsementExtensions.BOOT_LOADER,
            EndorsementExtensions.TEE,
            EndorsementExtensions.SNP,
            EndorsementExtensions.MICROCODE)) {
      TestPlatform other = milan().number(part, 99);
      assertRefused(Reason.TCB_DIFFERS, verify(other, other.report()));
    }
    TestPlatform turin = turin().number(EndorsementExtensions.FMC, 99);
    assertRefused(Reason.TCB_DIFFERS, verify(turin, turin.report()));
    assertRefused(Reason.RESERVED_BITS, changed(b -> b.put(0x182, (byte) 1)));
    assertRefused(Reason.CHIP_DIFFERS, changed(b -> b.put(0x1a0, (byte) 1)));
    assertRefused(Reason.CHIP_DIFFERS, changed(b -> b.put(0x1a0, new byte[64])));
    TestPlatform longId = turin();
    assertRefused(
        Reason.CHIP_DIFFERS, verify(longId, longId.report(b -> b.put(0x1a8, (byte) 0xc4))));
    assertRefused(Reason.PRODUCT_DIFFERS, changed(b -> b.put(0x188, (byte) 0x1a)));
    assertRefused(Reason.PRODUCT_DIFFERS, changed(b -> b.put(0x189, (byte) 0x11)));
  }

  @Test
  void refusesCertificatesThatSayNothingReadable() {
    byte[] zero = new byte[64];
    List<TestPlatform> broken =
        List.of(
            milan().without(EndorsementExtensions.SNP),
            milan().without(EndorsementExtensions.CHIP_ID),
            milan().without(EndorsementExtensions.STRUCTURE_VERSION),
            milan().number(EndorsementExtensions.TEE, 256),
            milan().number(EndorsementExtensions.RESERVED_5, 1),
            milan().extension(EndorsementExtensions.CHIP_ID, zero),
            milan().extension(EndorsementExtensions.CHIP_ID, Der.octets(new byte[8])),
            milan().extension(EndorsementExtensions.PRODUCT_NAME, Der.text("Milan-B0")),
            milan().extension(EndorsementExtensions.PRODUCT_NAME, Der.value(0x16, new byte[1])),
            milan().extension(EndorsementExtensions.PROVIDER, Der.value(0x16, new byte[] {65})),
            turin().without(EndorsementExtensions.FMC));
    for (TestPlatform platform : broken) {
      assertRefused(Reason.ENDORSEMENT_EXTENSION, verify(platform, platform.report()));
    }
  }

  @Test
  void productionPolicyNeverAcceptsSimulation() {
    TestPlatform platform = milan();
    SnpPolicy production =
        new SnpPolicy(minimum(), Set.of(), true, Set.of(), policy(platform, minimum()).images());
    assertRefused(
        Reason.SIMULATED_NOT_ALLOWED, verify(production, platform.table(), platform.report()));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new SnpPolicy(minimum(), Set.of(Product.MILAN.rootSha256()), true, Set.of(), Map.of()));
  }

  @Test
  void refusesBrokenChains() {
    TestPlatform platform = milan();
    Map<Entry, byte[]> good = platform.certificates();
    byte[] leaf = entry(good, Entry.VCEK);
    byte[] signer = entry(good, Entry.ASK);
    byte[] root = entry(good, Entry.ARK);
    assertRefused(Reason.UNTRUSTED_ROOT, withTable(platform, leaf, signer, signer));
    assertRefused(Reason.BROKEN_CHAIN, withTable(platform, leaf, root, root));
    assertRefused(Reason.BROKEN_CHAIN, withTable(platform, leaf, leaf, root));
    assertRefused(Reason.BROKEN_CHAIN, withTable(platform, signer, signer, root));
    assertRefused(
        Reason.BROKEN_CHAIN, withTable(platform, platform.leafOfAnotherSigner(), signer, root));
    TestPlatform asVlek = milan().signerName("SEV-VLEK-Milan");
    assertRefused(Reason.BROKEN_CHAIN, verify(asVlek, asVlek.report()));
    assertRefused(Reason.MALFORMED_CERTIFICATES, withTable(platform, new byte[3], signer, root));
    TestPlatform old = milan().leafUntil(NOW.minusSeconds(1));
    assertRefused(Reason.CHAIN_NOT_VALID_NOW, verify(old, old.report()));
    for (Entry missing : List.of(Entry.VCEK, Entry.ASK, Entry.ARK)) {
      Map<Entry, byte[]> without = platform.certificates();
      without.remove(missing);
      byte[] table = CertificateTable.of(without).toBytes();
      assertRefused(
          Reason.CERTIFICATE_MISSING,
          verify(policy(platform, minimum()), table, platform.report()));
    }
  }

  @Test
  void refusesACloudProvidersKeyWhereTheChipsIsWanted() {
    TestPlatform platform = new TestPlatform(Product.GENOA, SigningKey.VLEK);
    SnpPolicy policy =
        new SnpPolicy(
            minimum(),
            Set.of(TestPlatform.rootHash()),
            false,
            Set.of(),
            policy(platform, minimum()).images());
    assertRefused(
        Reason.LOADED_KEY_NOT_ALLOWED, verify(policy, platform.table(), platform.report()));
  }

  @Test
  void asksTheRevocationList() {
    TestPlatform platform = milan();
    SnpPolicy policy = policy(platform, minimum());
    Instant end = NOW.plusSeconds(60);
    SnpVerdict good =
        verify(
            new SnpVerifier(policy, (_, _, _, _) -> new RevocationCheck.Outcome.Good(end)),
            platform);
    SnpVerdict.Trusted trusted = assertInstanceOf(SnpVerdict.Trusted.class, good);
    assertTrue(trusted.revocationChecked());
    assertEquals(end, trusted.notAfter());
    RevocationCheck revoked =
        (product, signer, leaf, _) ->
            new RevocationCheck.Outcome.Refused(
                product + signer.getSubjectX500Principal().getName() + leaf.getVersion());
    assertEquals(
        new SnpVerdict.Rejected(Reason.REVOKED, "MILANCN=SEV-Milan3"),
        verify(new SnpVerifier(policy, revoked), platform));
  }

  @Test
  void authorKeysAreThoseOfThePolicyOrNone() {
    byte[] digest = new byte[48];
    Arrays.fill(digest, (byte) 0xaa);
    Consumer<ByteBuffer> authored = b -> b.putInt(0x48, 1).put(0x110, digest);
    TestPlatform platform = milan();
    SnpPolicy wanted = policy(platform, minimum(), Set.of("aa".repeat(48)));
    assertInstanceOf(
        SnpVerdict.Trusted.class, verify(wanted, platform.table(), platform.report(authored)));
    assertRefused(Reason.AUTHOR_KEY, verify(wanted, platform.table(), platform.report()));
    SnpPolicy another = policy(platform, minimum(), Set.of("bb".repeat(48)));
    assertRefused(Reason.AUTHOR_KEY, verify(another, platform.table(), platform.report(authored)));
    assertRefused(Reason.AUTHOR_KEY, changed(authored));
    assertRefused(Reason.AUTHOR_KEY, changed(b -> b.putInt(0x48, 1)));
    assertRefused(Reason.AUTHOR_KEY, changed(b -> b.put(0x110, digest)));
  }

  @Test
  void refusesOtherReportDataAndOtherImages() {
    assertRefused(Reason.REPORT_DATA, changed(b -> b.put(0x50 + 63, (byte) 1)));
    assertRefused(Reason.IMAGE_NOT_ALLOWED, changed(b -> b.put(0x90, (byte) 1)));
    assertRefused(Reason.IMAGE_NOT_ALLOWED, changed(b -> b.put(0xc0, (byte) 1)));
    assertRefused(Reason.IMAGE_NOT_ALLOWED, changed(b -> b.put(0xe0, (byte) 1)));
    assertRefused(Reason.IMAGE_NOT_ALLOWED, changed(b -> b.putLong(8, 0x20000)));
    TestPlatform platform = milan();
    SnpVerdict asRouter =
        new SnpVerifier(policy(platform, minimum()))
            .verify(platform.report(), platform.table(), REPORT_DATA, Role.ROUTER, NOW);
    assertRefused(Reason.IMAGE_NOT_ALLOWED, asRouter);
  }

  @Test
  void noChangedByteAnywhereInTheReportIsBelieved() {
    TestPlatform platform = turin();
    SnpVerifier verifier = new SnpVerifier(policy(platform, minimum()));
    byte[] report = platform.report();
    byte[] table = platform.table();
    Random random = new Random(SEED);
    List<Integer> believed = new ArrayList<>();
    for (int at = random.nextInt(4); at < report.length; at += 1 + random.nextInt(8)) {
      byte[] changed = report.clone();
      changed[at] ^= (byte) (1 + random.nextInt(255));
      if (verifier.verify(changed, table, REPORT_DATA, Role.WORKER, NOW)
          instanceof SnpVerdict.Trusted) {
        believed.add(at);
      }
    }
    assertEquals(List.of(), believed, "offsets, seed " + SEED);
  }

  @Test
  void reservedBytesLengthsAndConstantsAreMalformed() {
    byte[] report = milan().report();
    assertInstanceOf(SnpReport.Parsed.class, SnpReport.parse(report));
    for (int at :
        new int[] {0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x1f8, 0x29f, 0x2d0, 0x2e7, 0x318, 0x49f}) {
      assertMalformed(report, b -> b.put(at, (byte) 1));
    }
    assertMalformed(report, b -> b.putInt(0, 1));
    assertMalformed(report, b -> b.putInt(0, 6));
    assertMalformed(report, b -> b.putInt(0, 2)); // has the processor's model set
    assertMalformed(report, b -> b.putInt(0x34, 2));
    assertMalformed(report, b -> b.putInt(0x48, 2 << 2));
    assertMalformed(report, b -> b.putInt(0x48, 7 << 2));
    assertMalformed(report, b -> b.putInt(0x48, 1 << 5));
    for (int length : new int[] {0, 1183, 1185}) {
      assertRefused(Reason.MALFORMED_REPORT, verify(milan(), Arrays.copyOf(report, length)));
    }
  }

  @Test
  void certificateTablesAreBounded() {
    TestPlatform platform = milan();
    byte[] table = platform.table();
    for (int length : new int[] {0, 23, 24, 95}) {
      assertBadTable(Arrays.copyOf(table, length));
    }
    assertBadTable(change(table, b -> b.putInt(16, table.length)));
    assertBadTable(change(table, b -> b.putInt(20, -1)));
    assertBadTable(change(table, b -> b.putInt(16, -1)));
    byte[] doubled = table.clone();
    System.arraycopy(table, 0, doubled, 24, 16);
    assertBadTable(doubled);
    assertBadTable(new byte[CertificateTable.MAX_BYTES + 1]);
    byte[] endless = new byte[24 * 40];
    Arrays.fill(endless, (byte) 1);
    for (int at = 16; at < endless.length; at += 24) {
      Arrays.fill(endless, at, at + 8, (byte) 0);
    }
    assertBadTable(endless);
  }

  private static void assertBadTable(byte[] table) {
    TestPlatform platform = milan();
    assertRefused(
        Reason.MALFORMED_CERTIFICATES,
        verify(policy(platform, minimum()), table, platform.report()));
  }

  private static void assertMalformed(byte[] report, Consumer<ByteBuffer> change) {
    assertInstanceOf(SnpReport.Malformed.class, SnpReport.parse(change(report, change)));
  }

  private static byte[] change(byte[] bytes, Consumer<ByteBuffer> change) {
    byte[] changed = bytes.clone();
    change.accept(ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN));
    return changed;
  }

  private static byte[] entry(Map<Entry, byte[]> certificates, Entry entry) {
    return CertificateTable.of(certificates).get(entry).orElseThrow();
  }

  private static SnpVerdict withTable(
      TestPlatform platform, byte[] leaf, byte[] signer, byte[] root) {
    byte[] table =
        CertificateTable.of(Map.of(Entry.VCEK, leaf, Entry.ASK, signer, Entry.ARK, root)).toBytes();
    return verify(policy(platform, minimum()), table, platform.report());
  }

  private static SnpVerdict changed(Consumer<ByteBuffer> change) {
    TestPlatform platform = milan();
    return verify(platform, platform.report(change));
  }

  private static SnpVerdict verify(TestPlatform platform, byte[] report) {
    return verify(policy(platform, minimum()), platform.table(), report);
  }

  private static SnpVerdict verify(SnpPolicy policy, byte[] table, byte[] report) {
    return new SnpVerifier(policy).verify(report, table, REPORT_DATA, Role.WORKER, NOW);
  }

  private static SnpVerdict verify(SnpVerifier verifier, TestPlatform platform) {
    return verifier.verify(platform.report(), platform.table(), REPORT_DATA, Role.WORKER, NOW);
  }

  private static SnpPolicy policy(TestPlatform platform, Map<Product, TcbVersion> minimum) {
    return policy(platform, minimum, Set.of());
  }

  private static SnpPolicy policy(
      TestPlatform platform, Map<Product, TcbVersion> minimum, Set<String> authorKeys) {
    SnpReport.Parsed report =
        assertInstanceOf(SnpReport.Parsed.class, SnpReport.parse(platform.report()));
    return new SnpPolicy(
        minimum,
        Set.of(TestPlatform.rootHash()),
        true,
        authorKeys,
        Map.of(Role.WORKER, Set.of(report.imageHash())));
  }

  private static Map<Product, TcbVersion> minimum() {
    return Map.of(
        Product.MILAN, TestPlatform.tcb(Product.MILAN),
        Product.GENOA, TestPlatform.tcb(Product.GENOA),
        Product.TURIN, TestPlatform.tcb(Product.TURIN));
  }

  private static TestPlatform milan() {
    return new TestPlatform(Product.MILAN, SigningKey.VCEK);
  }

  private static TestPlatform turin() {
    return new TestPlatform(Product.TURIN, SigningKey.VCEK);
  }

  private static void assertRefused(Reason reason, SnpVerdict verdict) {
    SnpVerdict.Rejected rejected = assertInstanceOf(SnpVerdict.Rejected.class, verdict);
    assertEquals(reason, rejected.reason(), rejected.detail());
  }
}
