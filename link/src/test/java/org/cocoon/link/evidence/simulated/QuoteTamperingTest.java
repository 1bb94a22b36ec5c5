package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Changes a good quote in every place and looks whether any change is believed. */
final class QuoteTamperingTest {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final long SEED = 20260301;

  @TempDir Path dir = Path.of("");
  private EvidenceVerifier verifier = new EvidenceVerifier(TestNetwork.productionPolicy());
  private byte[] quote = {};

  @BeforeEach
  void makeQuote() throws IOException {
    TestNetwork network = new TestNetwork(dir);
    verifier = new EvidenceVerifier(network.policy());
    quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
    assertInstanceOf(Verdict.Trusted.class, verify(quote), "the untouched quote");
  }

  @Test
  void noChangedByteOfASignedFieldIsBelieved() {
    List<Integer> believed =
        QuoteParts.signedOffsets().parallelStream()
            .filter(offset -> verify(flipped(quote, offset)) instanceof Verdict.Trusted)
            .toList();
    assertEquals(List.of(), believed, "offsets, seed " + SEED);
  }

  @Test
  void noChangedByteOfACertificateIsBelieved() {
    List<byte[]> chain = QuoteParts.chain(quote);
    assertEquals(3, chain.size());
    for (int i = 0; i < chain.size(); i++) {
      int position = i;
      byte[] der = chain.get(i);
      List<Integer> believed =
          IntStream.range(0, der.length)
              .parallel()
              .filter(
                  offset -> {
                    List<byte[]> changed = new ArrayList<>(chain);
                    changed.set(position, flipped(der, offset));
                    return verify(QuoteParts.withChain(quote, changed)) instanceof Verdict.Trusted;
                  })
              .boxed()
              .toList();
      assertEquals(List.of(), believed, "offsets in certificate " + i + ", seed " + SEED);
    }
  }

  @Test
  void everyTruncationIsMalformed() {
    for (int length = 0; length < quote.length; length++) {
      TdxQuote parsed = TdxQuote.parse(Arrays.copyOf(quote, length));
      assertInstanceOf(TdxQuote.Malformed.class, parsed, "cut to " + length);
    }
  }

  @Test
  void whatFollowsTheQuoteIsNotPartOfIt() {
    byte[] padded = Arrays.copyOf(quote, quote.length + 70);
    Arrays.fill(padded, quote.length, padded.length, (byte) 0xab);
    TdxQuote.Parsed parsed = assertInstanceOf(TdxQuote.Parsed.class, TdxQuote.parse(padded));
    assertEquals(quote.length, parsed.length());
    assertInstanceOf(Verdict.Trusted.class, verify(padded));
  }

  @Test
  void randomBytesInUnsignedPlacesNeverThrow() {
    Random random = new Random(SEED);
    for (int i = 0; i < 2_000; i++) {
      byte[] changed = quote.clone();
      int from = QuoteParts.SIGNED_BYTES + random.nextInt(changed.length - QuoteParts.SIGNED_BYTES);
      int length = 1 + random.nextInt(8);
      for (int at = from; at < Math.min(from + length, changed.length); at++) {
        changed[at] = (byte) random.nextInt();
      }
      // A changed line break in the PEM text is still the same chain; anything else is refused.
      switch (verify(changed)) {
        case Verdict.Trusted trusted ->
            assertEquals(TestNetwork.IMAGE.imageHash(Role.WORKER), trusted.imageHash());
        case Verdict.Rejected rejected -> assertEquals(false, rejected.detail().isBlank());
      }
    }
  }

  private Verdict verify(byte[] changed) {
    return verifier.verify(changed, REPORT_DATA, Role.WORKER, NOW);
  }

  private static byte[] flipped(byte[] bytes, int offset) {
    byte[] changed = bytes.clone();
    changed[offset] ^= (byte) (1 + new Random(SEED + offset).nextInt(255));
    return changed;
  }
}
