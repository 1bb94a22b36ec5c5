package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;

/** Well-formed quotes with a signature that does not hold, or does not mean what it should. */
public final class SignatureCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final String ORDER =
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  private static final int QE_SIGNATURE = QuoteParts.QE_OFFSET + 384;

  /** Where each field begins that the attestation key signs. */
  private static final Map<String, Integer> SIGNED =
      Map.ofEntries(
          Map.entry("reserved header bytes", 8),
          Map.entry("user data", 28),
          Map.entry("teeTcbSvn", 48),
          Map.entry("mrSeam", 64),
          Map.entry("mrSignerSeam", 112),
          Map.entry("seamAttributes", 160),
          Map.entry("tdAttributes", 168),
          Map.entry("xfam", 176),
          Map.entry("mrTd", 184),
          Map.entry("mrConfigId", 232),
          Map.entry("mrOwner", 280),
          Map.entry("mrOwnerConfig", 328),
          Map.entry("rtmr0", 376),
          Map.entry("rtmr1", 424),
          Map.entry("rtmr2", 472),
          Map.entry("rtmr3", 520),
          Map.entry("reportData", 568));

  /** And that the platform signs, within the quoting enclave's report. */
  private static final Map<String, Integer> REPORTED =
      Map.of(
          "CPUSVN", 0,
          "MISCSELECT", 16,
          "ATTRIBUTES", 48,
          "MRENCLAVE", 64,
          "MRSIGNER", 128,
          "ISVPRODID", 256,
          "ISVSVN", 258,
          "report data", 320);

  private final Path dir;
  private final byte[] quote;
  private final EvidenceVerifier verifier;
  private final List<BadEvidence> cases = new ArrayList<>();

  private SignatureCorpus(Path dir) throws IOException {
    this.dir = dir;
    TestNetwork network = new TestNetwork(dir);
    quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
    verifier = new EvidenceVerifier(network.policy());
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    SignatureCorpus corpus = new SignatureCorpus(dir);
    corpus.cases.add(BadEvidence.control(() -> corpus.verify(corpus.quote)));
    corpus.cases.add(BadEvidence.control(() -> corpus.verify(new ForgedQuote(dir).sign())));
    SIGNED.forEach((name, at) -> corpus.flip(name, "QUOTE_SIGNATURE", at));
    REPORTED.forEach(
        (name, at) ->
            corpus.flip("enclave's " + name, "QE_REPORT_SIGNATURE", QuoteParts.QE_OFFSET + at));
    corpus.flip("attestation key", "ATTESTATION_KEY_NOT_VOUCHED", QuoteParts.KEYS_OFFSET + 64);
    corpus.flip("auth data", "ATTESTATION_KEY_NOT_VOUCHED", QE_SIGNATURE + 66);
    corpus.addScalars("QUOTE_SIGNATURE", QuoteParts.KEYS_OFFSET);
    corpus.addScalars("QE_REPORT_SIGNATURE", QE_SIGNATURE);
    corpus.addKeys();
    return corpus.cases;
  }

  private void addScalars(String reason, int signature) {
    for (String scalar : List.of("00".repeat(32), ORDER, "ff".repeat(32))) {
      for (int half : new int[] {0, 32}) {
        byte[] changed = quote.clone();
        System.arraycopy(HexFormat.of().parseHex(scalar), 0, changed, signature + half, 32);
        String name = (half == 0 ? "r" : "s") + " = " + scalar.substring(0, 10);
        add(reason + " with " + name, reason, changed);
      }
    }
  }

  private void addKeys() {
    forged(
        "key off the curve, vouched for",
        "ATTESTATION_KEY_INVALID",
        forgery -> {
          forgery.point[63] ^= 1;
          vouch(forgery);
        });
    forged(
        "key of zeros, vouched for",
        "ATTESTATION_KEY_INVALID",
        forgery -> {
          Arrays.fill(forgery.point, (byte) 0);
          vouch(forgery);
        });
    forged(
        "x and y swapped",
        "ATTESTATION_KEY_NOT_VOUCHED",
        forgery -> {
          byte[] x = Arrays.copyOf(forgery.point, 32);
          System.arraycopy(forgery.point, 32, forgery.point, 0, 32);
          System.arraycopy(x, 0, forgery.point, 32, 32);
        });
    forged(
        "quote signed by the platform's key",
        "QUOTE_SIGNATURE",
        forgery -> forgery.signsQuote = forgery.pck.getPrivate());
    forged(
        "enclave's report signed by the attestation key",
        "QE_REPORT_SIGNATURE",
        forgery -> forgery.signsReport = forgery.attestation.getPrivate());
    forged(
        "second half of the enclave's report data set",
        "ATTESTATION_KEY_NOT_VOUCHED",
        forgery -> forgery.qeReport[383] = 1);
    forged(
        "another key vouched for",
        "ATTESTATION_KEY_NOT_VOUCHED",
        forgery ->
            System.arraycopy(
                Digests.sha256(P256.point(P256.newKeyPair().getPublic())),
                0,
                forgery.qeReport,
                320,
                32));
    byte[] relabelled =
        ByteBuffer.allocate(quote.length + 6)
            .put(quote, 0, 48)
            .put(new byte[] {2, 0, 0x48, 2, 0, 0})
            .put(quote, 48, quote.length - 48)
            .put(0, (byte) 5)
            .array();
    add("version 4 body relabelled version 5", "QUOTE_SIGNATURE", relabelled);
  }

  private static void vouch(ForgedQuote forgery) {
    byte[] hash = Digests.sha256(forgery.point, QuoteParts.authData(forgery.sign()));
    System.arraycopy(hash, 0, forgery.qeReport, 320, hash.length);
  }

  private void forged(String name, String reason, Consumer<ForgedQuote> change) {
    cases.add(new BadEvidence(name, reason, () -> verify(new ForgedQuote(dir).with(change))));
  }

  private void flip(String field, String reason, int at) {
    byte[] changed = quote.clone();
    changed[at] ^= 1;
    add(field + " flipped", reason, changed);
  }

  private void add(String name, String reason, byte[] bad) {
    cases.add(new BadEvidence(name, reason, () -> verify(bad)));
  }

  private String verify(byte[] bytes) {
    return outcomeOf(verifier.verify(bytes, REPORT_DATA, Role.WORKER, TestNetwork.NOW));
  }
}
