package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;

/** Quotes that must not even be parsed. */
public final class ParsingCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final int TD_15_SIGNED = 48 + 6 + 648;
  private static final long FEW_BYTES = 16 * 1024;

  /** Each field with its length, in the parser's words, up to where lengths nest. */
  private static final Object[] FIELDS = {
    "the version",
    2,
    "the attestation key type",
    2,
    "the TEE type",
    4,
    "the reserved header bytes",
    4,
    "the vendor id",
    16,
    "the header's user data",
    20,
    "teeTcbSvn",
    16,
    "mrSeam",
    48,
    "mrSignerSeam",
    48,
    "seamAttributes",
    8,
    "tdAttributes",
    8,
    "xfam",
    8,
    "mrTd",
    48,
    "mrConfigId",
    48,
    "mrOwner",
    48,
    "mrOwnerConfig",
    48,
    "rtmr0",
    48,
    "rtmr1",
    48,
    "rtmr2",
    48,
    "rtmr3",
    48,
    "reportData",
    64,
    "the signature data's length",
    4
  };

  /** The same within the signature data, whose own length is made to fit the cut. */
  private static final Object[] SIGNATURE_FIELDS = {
    "the quote signature",
    64,
    "the attestation key",
    64,
    "the certification data type",
    2,
    "the certification data's length",
    4
  };

  /** And within the certification data. */
  private static final Object[] CERTIFICATION_FIELDS = {
    "the quoting enclave's report", 384, "the signature over the quoting enclave's report", 64,
    "the authentication data's length", 2, "the authentication data", 32,
    "the inner certification data type", 2, "the certificate chain's length", 4
  };

  private final byte[] quote;
  private final byte[] td15;
  private final EvidenceVerifier verifier;
  private final List<BadEvidence> cases = new ArrayList<>();

  private ParsingCorpus(Path dir) throws IOException {
    TestNetwork network = new TestNetwork(dir);
    quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
    td15 = network.platform().quoteTd15(TestNetwork.measurements(REPORT_DATA));
    verifier = new EvidenceVerifier(network.policy());
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    ParsingCorpus corpus = new ParsingCorpus(dir);
    corpus.cases.add(BadEvidence.control(() -> corpus.verify(corpus.quote)));
    corpus.cases.add(BadEvidence.control(() -> corpus.verify(corpus.td15)));
    corpus.addTruncations();
    corpus.addHeaders();
    corpus.addLengths();
    corpus.addSizes();
    return corpus.cases;
  }

  private void addTruncations() {
    cut(0, FIELDS, 0);
    cut(QuoteParts.KEYS_OFFSET, SIGNATURE_FIELDS, 1);
    cut(QuoteParts.QE_OFFSET, CERTIFICATION_FIELDS, 2);
    add("cut in the chain", "the certificate chain's length says", with(quote.length / 2 + 900, 2));
    add("cut in the signature data", "the signature data's length says", with(700, 0));
    add("cut in the certification data", "the certification data's length says", with(900, 1));
  }

  private void cut(int from, Object[] fields, int lengthsThatFit) {
    int at = from;
    for (int i = 0; i < fields.length; i += 2) {
      int length = (Integer) fields[i + 1];
      int middle = at + length / 2;
      add("cut in " + fields[i], fields[i] + " needs " + length, with(middle, lengthsThatFit));
      at += length;
    }
  }

  private void addHeaders() {
    add("version 3", "the version is 3", edited(quote, b -> b.putShort(0, (short) 3)));
    add("version 6", "the version is 6", edited(quote, b -> b.putShort(0, (short) 6)));
    add("P-384 key", "the attestation key type is 3", edited(quote, b -> b.putShort(2, (short) 3)));
    add("SGX", "the TEE type is 0x0", edited(quote, b -> b.putInt(4, 0)));
    add("unknown TEE", "the TEE type is 0x82", edited(quote, b -> b.putInt(4, 0x82)));
    add("another vendor", "the vendor id", edited(quote, b -> b.put(12, (byte) 0)));
    add("version 5 of SGX", "the body type is 1", edited(td15, b -> b.putShort(48, (short) 1)));
    add("body type 4", "the body type is 4", edited(td15, b -> b.putShort(48, (short) 4)));
    add(
        "TD 1.0 of TD 1.5's size",
        "the body size is 648, not 584",
        edited(td15, b -> b.putShort(48, (short) 2)));
    add("body size 0", "the body size is 0", edited(td15, b -> b.putInt(50, 0)));
    add("body size 2^32-1", "the body size is 4294967295", edited(td15, b -> b.putInt(50, -1)));
    add("TD 1.5 cut in teeTcbSvn2", "teeTcbSvn2 needs 16", Arrays.copyOf(td15, TD_15_SIGNED - 60));
    add(
        "version 4 relabelled 5",
        "the body type is 263",
        edited(quote, b -> b.putShort(0, (short) 5)));
  }

  private void addLengths() {
    int sigLen = QuoteParts.SIGNED_BYTES;
    int certLen = QuoteParts.QE_OFFSET - 4;
    int authLen = QuoteParts.QE_OFFSET + QuoteParts.QE_BYTES;
    int innerType = authLen + 2 + 32;
    add(
        "signature data past the end",
        "the signature data's length says",
        edited(quote, b -> b.putInt(sigLen, b.getInt(sigLen) + 1)));
    add(
        "signature data of 2^32-1",
        "the signature data's length says 4294967295",
        edited(quote, b -> b.putInt(sigLen, -1)));
    add(
        "authentication data past the end",
        "the authentication data needs 65535",
        edited(quote, b -> b.putShort(authLen, (short) -1)));
    for (int more : new int[] {-1, 1}) {
      add(
          "inner size off by " + more,
          more < 0 ? "a length says" : "the certification data's length says",
          edited(quote, b -> b.putInt(certLen, b.getInt(certLen) + more)));
    }
    add(
        "chain shorter than its place",
        "a length says",
        edited(quote, b -> b.putInt(innerType + 2, b.getInt(innerType + 2) - 1)));
    for (short type = 1; type <= 4; type++) {
      short inner = type;
      add(
          "certification type " + type,
          "the certification data type is " + type + " where only 5",
          edited(quote, b -> b.putShort(innerType, inner)));
    }
    add(
        "nested type 6",
        "the certification data type is 6 where only 5",
        edited(quote, b -> b.putShort(innerType, (short) 6)));
    add(
        "outer type 5",
        "the certification data type is 5 where only 6",
        edited(quote, b -> b.putShort(certLen - 2, (short) 5)));
  }

  private void addSizes() {
    add("no byte", "the version needs 2", new byte[0]);
    add("1 byte", "the version needs 2", new byte[1]);
    add("one more byte than 32 KiB", "it has 32769", Arrays.copyOf(quote, 32 * 1024 + 1));
    byte[] large = Arrays.copyOf(quote, 10 << 20);
    cases.add(
        new BadEvidence("10 MB", "MALFORMED_QUOTE: it has 10485760", () -> withinFewBytes(large)));
    cases.add(
        new BadEvidence(
            "1 byte, in few bytes of memory",
            "MALFORMED_QUOTE: the version needs 2",
            () -> withinFewBytes(new byte[1])));
  }

  /** Refuses, and looks what that allocated. */
  private String withinFewBytes(byte[] input) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    String outcome = verify(input); // loads the classes
    long before = threads.getCurrentThreadAllocatedBytes();
    TdxQuote parsed = TdxQuote.parse(input);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    return allocated > FEW_BYTES || parsed instanceof TdxQuote.Parsed
        ? "allocated " + allocated + " bytes"
        : outcome;
  }

  private void add(String name, String detail, byte[] bad) {
    cases.add(new BadEvidence(name, "MALFORMED_QUOTE: " + detail, () -> verify(bad)));
  }

  private String verify(byte[] bytes) {
    return outcomeOf(verifier.verify(bytes, REPORT_DATA, Role.WORKER, TestNetwork.NOW));
  }

  /** Cut to a length, with so many of the lengths around the cut made to fit it. */
  private byte[] with(int length, int lengthsThatFit) {
    byte[] cut = Arrays.copyOf(quote, length);
    ByteBuffer buffer = ByteBuffer.wrap(cut).order(ByteOrder.LITTLE_ENDIAN);
    if (lengthsThatFit > 0) {
      buffer.putInt(QuoteParts.SIGNED_BYTES, length - QuoteParts.KEYS_OFFSET);
    }
    if (lengthsThatFit > 1) {
      buffer.putInt(QuoteParts.QE_OFFSET - 4, length - QuoteParts.QE_OFFSET);
    }
    return cut;
  }

  private static byte[] edited(byte[] of, Consumer<ByteBuffer> edit) {
    byte[] changed = of.clone();
    edit.accept(ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN));
    return changed;
  }
}
