package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/** Genuine quotes of domains that nobody should trust. */
public final class PolicyCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final int TD_ATTRIBUTES = 120;
  private static final int XFAM = 128;
  private static final long SEPT_VE_DISABLE = 1L << 28;

  private final TestNetwork network;
  private final Policy policy;
  private final List<BadEvidence> cases = new ArrayList<>();

  private PolicyCorpus(Path dir) throws IOException {
    network = new TestNetwork(dir);
    policy = network.policy();
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    PolicyCorpus corpus = new PolicyCorpus(dir);
    corpus.body("control: nothing is wrong", BadEvidence.ACCEPTED, _ -> {});
    corpus.addDomains();
    corpus.addLists();
    return corpus.cases;
  }

  private void addDomains() {
    attributes("DEBUG", "DEBUG", SEPT_VE_DISABLE | 1);
    attributes("SEPT_VE_DISABLE = 0", "SEPT_VE_ENABLED", 0);
    attributes("MIGRATABLE", "MIGRATABLE", SEPT_VE_DISABLE | 1L << 29);
    attributes("lowest reserved attribute", "RESERVED_BITS", SEPT_VE_DISABLE | 2);
    attributes("highest reserved attribute", "RESERVED_BITS", SEPT_VE_DISABLE | 1L << 62);
    attributes(
        "known attribute that is not listed",
        "TD_ATTRIBUTES_NOT_ALLOWED",
        SEPT_VE_DISABLE | 1L << 30);
    body("reserved XFAM bit", "RESERVED_BITS", b -> b.putLong(XFAM, 1L << 40 | 3));
    body("XFAM without x87", "RESERVED_BITS", b -> b.putLong(XFAM, 0x602e6));
    body("XFAM that is not listed", "XFAM_NOT_ALLOWED", b -> b.putLong(XFAM, 3));
    body("attributes of the TDX module", "RESERVED_BITS", b -> b.putLong(112, 1));
    body("another TDX module", "SEAM_NOT_ALLOWED", b -> b.put(16, (byte) 1));
    cases.add(
        new BadEvidence(
            "service domain bound",
            "SERVICE_DOMAIN",
            () -> verify(policy, network.platform().quoteTd15(withServiceDomain()))));
  }

  private void addLists() {
    body("another mrTd", "IMAGE_NOT_ALLOWED", b -> b.put(136, (byte) 1));
    body("another mrConfigId", "IMAGE_NOT_ALLOWED", b -> b.put(184, (byte) 1));
    body("another rtmr3", "IMAGE_NOT_ALLOWED", b -> b.put(519, (byte) 1));
    by("empty list of images", "IMAGE_NOT_ALLOWED", policy.withImages(Map.of()));
    by(
        "empty list for the role",
        "IMAGE_NOT_ALLOWED",
        policy.withImages(Map.of(Role.WORKER, Set.of())));
    by(
        "image of another role",
        "IMAGE_NOT_ALLOWED",
        policy.withImages(Map.of(Role.ROUTER, policy.imagesOf(Role.WORKER))));
    by(
        "empty lists of domains",
        "TD_ATTRIBUTES_NOT_ALLOWED",
        policy.withDomains(Policy.Domains.NONE));
    by("empty policy", "SIMULATED_NOT_ALLOWED", Policy.NOTHING);
    cases.add(
        new BadEvidence(
            "report data of another key",
            "REPORT_DATA",
            () -> {
              byte[] other = new byte[64];
              other[63] = 1;
              return verify(policy, network.platform().quote(TestNetwork.measurements(other)));
            }));
  }

  private static Measurements withServiceDomain() {
    Measurements of = TestNetwork.measurements(REPORT_DATA);
    return new Measurements(
        of.teeTcbSvn(),
        of.mrSeam(),
        of.mrSignerSeam(),
        of.seamAttributes(),
        of.tdAttributes(),
        of.xfam(),
        of.mrTd(),
        of.mrConfigId(),
        of.mrOwner(),
        of.mrOwnerConfig(),
        of.rtmr0(),
        of.rtmr1(),
        of.rtmr2(),
        of.rtmr3(),
        of.reportData(),
        of.teeTcbSvn2(),
        "01" + "00".repeat(47));
  }

  private void attributes(String name, String expected, long attributes) {
    body(name, expected, b -> b.putLong(TD_ATTRIBUTES, attributes));
  }

  private void body(String name, String expected, Consumer<ByteBuffer> edit) {
    byte[] body = SimulatedPlatform.body(TestNetwork.measurements(REPORT_DATA));
    edit.accept(ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN));
    cases.add(
        new BadEvidence(name, expected, () -> verify(policy, network.platform().quote(body))));
  }

  private void by(String name, String expected, Policy other) {
    cases.add(
        new BadEvidence(
            name,
            expected,
            () -> verify(other, network.platform().quote(TestNetwork.measurements(REPORT_DATA)))));
  }

  private static String verify(Policy by, byte[] quote) {
    return outcomeOf(new EvidenceVerifier(by).verify(quote, REPORT_DATA, Role.WORKER, NOW));
  }
}
