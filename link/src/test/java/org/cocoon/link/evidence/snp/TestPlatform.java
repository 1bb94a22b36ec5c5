package org.cocoon.link.evidence.snp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.snp.CertificateTable.Entry;

/** An AMD platform under a test root: makes certificates and signs reports as AMD's would. */
final class TestPlatform {
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  static final String ROOT_NAME = "ARK-SIMULATED NOT SECURE";

  private static final KeyPair ROOT = rsa();
  private static final KeyPair SIGNER = rsa();
  private static final byte[] SHA384 =
      Der.sequence(Der.oid("2.16.840.1.101.3.4.2.2"), Der.value(0x05));
  private static final byte[] PSS =
      Der.sequence(
          Der.oid("1.2.840.113549.1.1.10"),
          Der.sequence(
              Der.tagged(0, SHA384),
              Der.tagged(1, Der.sequence(Der.oid("1.2.840.113549.1.1.8"), SHA384)),
              Der.tagged(2, Der.integer(48))));

  /** RSASSA-PSS is randomised: the root that a policy names is made once. */
  private static final byte[] ROOT_CERTIFICATE =
      issue(ROOT_NAME, ROOT.getPublic(), ROOT_NAME, ROOT.getPrivate(), end(), ca());

  private final KeyPair key = P384.newKeyPair();
  private final Map<String, byte[]> extensions = new LinkedHashMap<>();
  private final SnpReport.SigningKey kind;
  private final Product product;
  private final byte[] report;
  private Instant leafUntil = NOW.plus(Duration.ofDays(365));
  private String signerName;

  TestPlatform(Product product, SnpReport.SigningKey kind) {
    this.product = product;
    this.kind = kind;
    signerName = (kind == SnpReport.SigningKey.VCEK ? "SEV-" : "SEV-VLEK-") + product.word();
    boolean turin = product == Product.TURIN;
    byte[] chip = new byte[turin ? 8 : 64];
    Arrays.fill(chip, (byte) 0xc4);
    number(EndorsementExtensions.STRUCTURE_VERSION, 1);
    extensions.put(EndorsementExtensions.PRODUCT_NAME, ia5(product.word() + "-B0"));
    number(EndorsementExtensions.BOOT_LOADER, 3);
    number(EndorsementExtensions.TEE, 1);
    number(EndorsementExtensions.SNP, 20);
    number(EndorsementExtensions.MICROCODE, 210);
    if (turin) {
      number(EndorsementExtensions.FMC, 2);
    }
    if (kind == SnpReport.SigningKey.VCEK) {
      extensions.put(EndorsementExtensions.CHIP_ID, chip);
    } else {
      extensions.put(EndorsementExtensions.PROVIDER, ia5("cocoon-test"));
    }
    report = report(chip);
  }

  /** The version that both certificate and report have. */
  static TcbVersion tcb(Product product) {
    return new TcbVersion(product == Product.TURIN ? 2 : 0, 3, 1, 20, 210);
  }

  private byte[] report(byte[] chip) {
    long tcb =
        product == Product.TURIN
            ? 210L << 56 | 20L << 24 | 1 << 16 | 3 << 8 | 2
            : 210L << 56 | 20L << 48 | 1 << 8 | 3;
    ByteBuffer buffer = ByteBuffer.allocate(SnpReport.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(0, product == Product.TURIN ? 5 : 3).putLong(8, 0x30000).putInt(0x34, 1);
    buffer
        .putLong(0x38, tcb)
        .putLong(0x40, 0x21)
        .putInt(0x48, kind == SnpReport.SigningKey.VLEK ? 1 << 2 : 0);
    for (int at = 0x90; at < 0xc0; at++) {
      buffer.put(at, (byte) 0x5a);
    }
    buffer.put(0xc0, "worker".getBytes(US_ASCII));
    for (int at = 0x160; at < 0x180; at++) {
      buffer.put(at, (byte) 0xff);
    }
    buffer.putLong(0x180, tcb).put(0x188, new byte[] {family(), model(), 1});
    buffer.put(0x1a0, chip).putLong(0x1e0, tcb).putLong(0x1f0, tcb);
    buffer.put(0x1e8, new byte[] {7, 55, 1, 0, 6, 55, 1, 0});
    return buffer.array();
  }

  private byte family() {
    return (byte) (product == Product.TURIN ? 0x1a : 0x19);
  }

  private byte model() {
    return (byte) (product == Product.GENOA ? 0x11 : product == Product.TURIN ? 0x02 : 0x01);
  }

  TestPlatform number(String oid, int value) {
    extensions.put(oid, Der.integer(value));
    return this;
  }

  TestPlatform without(String oid) {
    extensions.remove(oid);
    return this;
  }

  TestPlatform extension(String oid, byte[] value) {
    extensions.put(oid, value);
    return this;
  }

  TestPlatform leafUntil(Instant until) {
    leafUntil = until;
    return this;
  }

  TestPlatform signerName(String name) {
    signerName = name;
    return this;
  }

  /** The report with a change made before it is signed. */
  byte[] report(Consumer<ByteBuffer> change) {
    byte[] changed = report.clone();
    change.accept(ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN));
    byte[] signature =
        P384.sign(key.getPrivate(), Arrays.copyOf(changed, SnpReportParser.SIGNED_BYTES));
    for (int i = 0; i < 48; i++) {
      changed[0x2a0 + i] = signature[47 - i];
      changed[0x2a0 + 72 + i] = signature[95 - i];
    }
    return changed;
  }

  byte[] report() {
    return report(buffer -> {});
  }

  Map<Entry, byte[]> certificates() {
    Entry leaf = kind == SnpReport.SigningKey.VCEK ? Entry.VCEK : Entry.VLEK;
    return new EnumMap<>(
        Map.of(leaf, leaf(SIGNER.getPrivate()), Entry.ASK, signer(), Entry.ARK, root()));
  }

  byte[] table() {
    return CertificateTable.of(certificates()).toBytes();
  }

  static String rootHash() {
    return Digests.sha256Hex(root());
  }

  static byte[] root() {
    return ROOT_CERTIFICATE.clone();
  }

  private byte[] signer() {
    return issue(signerName, SIGNER.getPublic(), ROOT_NAME, ROOT.getPrivate(), end(), ca());
  }

  /** The endorsement key's certificate, signed by another key than the one that it names. */
  byte[] leafOfAnotherSigner() {
    return leaf(ROOT.getPrivate());
  }

  private byte[] leaf(PrivateKey signer) {
    List<byte[]> encoded = new ArrayList<>();
    extensions.forEach((oid, value) -> encoded.add(Der.sequence(Der.oid(oid), Der.octets(value))));
    return issue("SEV-" + kind, key.getPublic(), signerName, signer, leafUntil, encoded);
  }

  private static byte[] issue(
      String subject,
      PublicKey key,
      String issuer,
      PrivateKey signer,
      Instant until,
      List<byte[]> extensions) {
    byte[] signedPart =
        Der.sequence(
            Der.tagged(0, Der.integer(2)),
            Der.integer(new BigInteger(1, Digests.sha256(key.getEncoded()))),
            PSS,
            name(issuer),
            Der.sequence(Der.time(NOW.minus(Duration.ofDays(1))), Der.time(until)),
            name(subject),
            key.getEncoded(),
            Der.tagged(3, Der.sequence(extensions.toArray(byte[][]::new))));
    try {
      Signature signature = Signature.getInstance("RSASSA-PSS");
      signature.setParameter(
          new PSSParameterSpec("SHA-384", "MGF1", MGF1ParameterSpec.SHA384, 48, 1));
      signature.initSign(signer);
      signature.update(signedPart);
      return Der.sequence(signedPart, PSS, Der.bits(signature.sign()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<byte[]> ca() {
    byte[] isCa = Der.value(Der.BOOLEAN, new byte[] {(byte) 0xff});
    byte[] usage = Der.value(Der.BIT_STRING, new byte[] {2, 4});
    return List.of(
        Der.sequence(Der.oid("2.5.29.15"), isCa, Der.octets(usage)),
        Der.sequence(Der.oid("2.5.29.19"), isCa, Der.octets(Der.sequence(isCa))));
  }

  private static byte[] name(String commonName) {
    return Der.sequence(Der.value(Der.SET, Der.sequence(Der.oid("2.5.4.3"), Der.text(commonName))));
  }

  private static byte[] ia5(String text) {
    return Der.value(0x16, text.getBytes(US_ASCII));
  }

  private static Instant end() {
    return NOW.plus(Duration.ofDays(3650));
  }

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(4096);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
