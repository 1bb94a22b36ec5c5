package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.Verdict.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Well-made quotes that must not be accepted, each with its own reason. */
final class QuoteRefusalTest {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final int TD_ATTRIBUTES_OFFSET = 120;
  private static final int MR_SEAM_OFFSET = 16;
  private static final int XFAM_OFFSET = 128;
  private static final long SEPT_VE_DISABLE = 1L << 28;

  @TempDir Path dir = Path.of("");
  @TempDir Path otherDir = Path.of("");
  private Policy policy = TestNetwork.productionPolicy();

  private byte[] quote = {};
  private Function<byte[], byte[]> signBody = Function.identity();

  @BeforeEach
  void makeNetwork() throws IOException {
    TestNetwork network = new TestNetwork(dir);
    policy = network.policy();
    SimulatedPlatform platform = network.platform();
    signBody = platform::quote;
    quote = platform.quote(TestNetwork.measurements(REPORT_DATA));
  }

  @Test
  void acceptsWhatThePolicyAllows() {
    Verdict.Trusted trusted = assertInstanceOf(Verdict.Trusted.class, verify(quote, policy));
    assertTrue(trusted.simulated());
    Measurements registers = assertInstanceOf(Measurements.class, trusted.registers());
    assertEquals(TestNetwork.IMAGE.mrTd(), registers.mrTd());
    assertEquals("worker", registers.configText());
    assertEquals(new PlatformTcb.NotChecked(), trusted.tcb());
  }

  @Test
  void productionPolicyNeverAcceptsSimulation() {
    assertRefused(Reason.SIMULATED_NOT_ALLOWED, verify(quote, TestNetwork.productionPolicy()));
  }

  @Test
  void refusesTheRootOfAnotherNetwork() throws IOException {
    Policy other = new TestNetwork(otherDir).policy();
    assertRefused(Reason.SIMULATED_NOT_ALLOWED, verify(quote, other));
  }

  @Test
  void refusesAnExpiredChain() throws IOException {
    SimulatedPlatform old =
        new TestNetwork(dir).platform(NOW.minus(Duration.ofHours(2)), Duration.ofHours(1));
    byte[] expired = old.quote(TestNetwork.measurements(REPORT_DATA));
    assertRefused(Reason.CHAIN_NOT_VALID_NOW, verify(expired, policy));
  }

  @Test
  void refusesAChainThatIsReorderedDoubledOrShort() {
    List<byte[]> chain = QuoteParts.chain(quote);
    byte[] leaf = chain.get(0);
    byte[] ca = chain.get(1);
    byte[] root = chain.get(2);
    assertRefused(Reason.BROKEN_CHAIN, verifyChain(List.of(ca, leaf, root)));
    assertRefused(Reason.BROKEN_CHAIN, verifyChain(List.of(leaf, root, root)));
    assertRefused(Reason.BROKEN_CHAIN, verifyChain(List.of(ca, ca, root)));
    assertRefused(Reason.MALFORMED_CHAIN, verifyChain(List.of(leaf, root)));
    assertRefused(Reason.MALFORMED_CHAIN, verifyChain(List.of(leaf, ca, root, root)));
    assertRefused(Reason.MALFORMED_CHAIN, verify(QuoteParts.withChain(quote, leaf), policy));
  }

  @Test
  void refusesAQuoteMadeForAnotherKey() {
    byte[] expected = REPORT_DATA.clone();
    expected[63] = 1;
    Verdict verdict = new EvidenceVerifier(policy).verify(quote, expected, Role.WORKER, NOW);
    assertRefused(Reason.REPORT_DATA, verdict);
  }

  @Test
  void refusesWhatTheRolesListDoesNotName() {
    Policy empty = policy.withImages(Map.of());
    assertRefused(Reason.IMAGE_NOT_ALLOWED, verify(quote, empty));
    Verdict asRouter = new EvidenceVerifier(policy).verify(quote, REPORT_DATA, Role.ROUTER, NOW);
    assertRefused(Reason.IMAGE_NOT_ALLOWED, asRouter);
  }

  @Test
  void refusesDomainsThatAreOpenToTheirHost() {
    assertRefused(Reason.DEBUG, withAttributes(SEPT_VE_DISABLE | 1));
    assertRefused(Reason.MIGRATABLE, withAttributes(SEPT_VE_DISABLE | 1L << 29));
    assertRefused(Reason.SEPT_VE_ENABLED, withAttributes(0));
    assertRefused(Reason.RESERVED_BITS, withAttributes(SEPT_VE_DISABLE | 1L << 40));
    assertRefused(Reason.RESERVED_BITS, withBody(body -> body.putLong(XFAM_OFFSET, 1L << 40 | 3)));
  }

  @Test
  void refusesDomainsThatThePolicyDoesNotList() {
    assertRefused(Reason.TD_ATTRIBUTES_NOT_ALLOWED, withAttributes(SEPT_VE_DISABLE | 1L << 63));
    assertRefused(Reason.XFAM_NOT_ALLOWED, withBody(body -> body.putLong(XFAM_OFFSET, 3)));
    assertRefused(Reason.SEAM_NOT_ALLOWED, withBody(body -> body.put(MR_SEAM_OFFSET, (byte) 1)));
    Policy.Domains allowed = policy.domains();
    Policy.Domains noSeam = new Policy.Domains(allowed.tdAttributes(), allowed.xfam(), Set.of());
    assertRefused(Reason.SEAM_NOT_ALLOWED, verify(quote, policy.withDomains(noSeam)));
    assertRefused(
        Reason.TD_ATTRIBUTES_NOT_ALLOWED, verify(quote, policy.withDomains(Policy.Domains.NONE)));
  }

  @Test
  void refusesSignaturesOutOfRange() {
    String order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for (String scalar : List.of("00".repeat(32), order, "ff".repeat(32))) {
      for (int at : List.of(0, 32)) {
        byte[] changed = quote.clone();
        byte[] bytes = HexFormat.of().parseHex(scalar);
        System.arraycopy(bytes, 0, changed, QuoteParts.KEYS_OFFSET + at, bytes.length);
        assertRefused(Reason.QUOTE_SIGNATURE, verify(changed, policy));
      }
    }
  }

  private Verdict withAttributes(long attributes) {
    return withBody(body -> body.putLong(TD_ATTRIBUTES_OFFSET, attributes));
  }

  private Verdict withBody(Consumer<ByteBuffer> change) {
    byte[] body = SimulatedPlatform.body(TestNetwork.measurements(REPORT_DATA));
    change.accept(ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN));
    return verify(signBody.apply(body), policy);
  }

  private Verdict verifyChain(List<byte[]> chain) {
    return verify(QuoteParts.withChain(quote, chain), policy);
  }

  private static Verdict verify(byte[] quote, Policy policy) {
    return new EvidenceVerifier(policy).verify(quote, REPORT_DATA, Role.WORKER, NOW);
  }

  private static void assertRefused(Reason reason, Verdict verdict) {
    Verdict.Rejected rejected = assertInstanceOf(Verdict.Rejected.class, verdict);
    assertEquals(reason, rejected.reason(), rejected.detail());
  }
}
