package org.cocoon.router.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.List;
import java.util.stream.IntStream;
import org.cocoon.link.wire.Alternative;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;
import org.junit.jupiter.api.Test;

class PlainRelayTest {
  private static final int ANY = 1_000_000;
  private final Reader reader = new Reader();
  private final PlainRelay relay = new PlainRelay(reader, 0, false);

  private static final class Reader implements Answer {
    boolean writable = true;
    int tokens;
    int bytes;

    @Override
    public void text(int choice, byte[] text, int count, List<TokenLogprob> logprobs) {
      tokens += count;
      bytes += text.length;
    }

    @Override
    public void sealed(byte[] chunk, int count) {
      throw new AssertionError("nothing is sealed here");
    }

    @Override
    public void finished(Completion completion) {}

    @Override
    public void refused(Refusal refusal) {}

    @Override
    public boolean writable() {
      return writable;
    }
  }

  private static Tokens.Builder tokens(int count) {
    return Tokens.newBuilder().addAllIds(IntStream.range(0, count).boxed().toList());
  }

  private int deliver(int count) {
    Tokens some = tokens(count).setText(ByteString.copyFromUtf8("x".repeat(count))).build();
    assertTrue(relay.allows(some, ANY));
    return relay.deliver(some);
  }

  @Test
  void grantsWhatWasTakenInPortions() {
    assertEquals(0, deliver(Relay.GRANT_AT - 1));
    assertEquals(Relay.GRANT_AT, deliver(1));
    assertEquals(0, deliver(Relay.GRANT_AT - 1));
    assertFalse(relay.heldBack());
  }

  @Test
  void grantsNothingUntilTheClientReadsAndThenAllOfIt() {
    reader.writable = false;
    assertEquals(0, deliver(Relay.WINDOW - 1));
    assertTrue(relay.heldBack());
    assertEquals(0, deliver(1));
    assertFalse(relay.allows(tokens(1).build(), ANY), "the credit is used up");
    assertEquals(0, relay.grantDue());
    reader.writable = true;
    assertFalse(relay.heldBack());
    assertEquals(Relay.WINDOW, relay.grantDue());
    assertEquals(0, relay.grantDue(), "credit is given back once");
    assertTrue(relay.allows(tokens(Relay.WINDOW).build(), ANY));
  }

  @Test
  void aContinuationHoldsAllThatWasDeliveredAndBeginsWithAFullWindow() {
    reader.writable = false;
    deliver(200);
    deliver(300);
    relay.deliver(Tokens.newBuilder().setText(ByteString.copyFromUtf8("\u20ac")).build());
    Continuation continuation = relay.continuation();
    assertEquals(500, continuation.getIdsCount());
    assertEquals(199, continuation.getIds(199));
    assertEquals(0, continuation.getIds(200));
    assertEquals(503, continuation.getTextBytes());
    assertEquals(500, relay.delivered());
    assertEquals(500, reader.tokens);
    assertEquals(503, reader.bytes);
    assertTrue(relay.allows(tokens(Relay.WINDOW).build(), ANY));
  }

  @Test
  void anAnswerWithIdsGoesOnAnywhereButWhereOnlyTextIsKnownAndNotContinued() {
    relay.comesFrom(false);
    assertTrue(relay.canGoOn(true, false), "nothing was given yet");
    deliver(3);
    assertTrue(relay.canGoOn(false, false));
    assertTrue(relay.canGoOn(true, true));
    assertFalse(relay.canGoOn(true, false));
    relay.comesFrom(false);
    assertEquals(ByteString.EMPTY, relay.continuation().getText(), "ids say all");
    relay.comesFrom(true);
    assertEquals("xxx", relay.continuation().getText().toStringUtf8());
  }

  @Test
  void anAnswerWithoutIdsGoesOnFromItsTextAlone() {
    Tokens marked =
        Tokens.newBuilder()
            .addIds(PlainRelay.UNKNOWN_ID)
            .addIds(PlainRelay.UNKNOWN_ID)
            .setText(ByteString.copyFromUtf8("h\u00e9"))
            .build();
    relay.comesFrom(false);
    assertFalse(relay.allows(marked, ANY), "this worker said that it knows ids");
    relay.comesFrom(true);
    assertTrue(relay.allows(marked, ANY));
    relay.deliver(marked);
    assertEquals(2, relay.delivered(), "tokens count, whatever is known of them");
    assertFalse(relay.canGoOn(false, false));
    assertTrue(relay.canGoOn(false, true));
    relay.comesFrom(false);
    Continuation continuation = relay.continuation();
    assertEquals("h\u00e9", continuation.getText().toStringUtf8());
    assertEquals(3, continuation.getTextBytes());
    assertEquals(2, continuation.getIdsCount());
    deliver(2);
    assertFalse(relay.canGoOn(false, false), "some tokens stay unknown");
  }

  @Test
  void allowsNoMoreThanTheRequestPaysFor() {
    deliver(8);
    assertTrue(relay.allows(tokens(2).build(), 10));
    assertFalse(relay.allows(tokens(3).build(), 10));
    assertTrue(relay.allows(tokens(0).build(), 8));
  }

  @Test
  void allowsOnlyWholeTextOfALikelyLength() {
    Tokens.Builder one = tokens(1);
    assertFalse(relay.allows(one.setText(ByteString.fromHex("e282")).build(), ANY));
    assertFalse(relay.allows(one.setText(ByteString.fromHex("c0af")).build(), ANY));
    assertFalse(relay.allows(one.setText(ByteString.fromHex("eda080")).build(), ANY));
    byte[] most = new byte[PlainRelay.MOST_BYTES_PER_TOKEN];
    assertTrue(relay.allows(one.setText(ByteString.copyFrom(most)).build(), ANY));
    byte[] more = new byte[PlainRelay.MOST_BYTES_PER_TOKEN + 1];
    assertFalse(relay.allows(one.setText(ByteString.copyFrom(more)).build(), ANY));
    assertFalse(
        relay.allows(tokens(0).setText(ByteString.copyFromUtf8("free")).build(), ANY),
        "text without any token would not be paid for");
    deliver(1);
    assertTrue(
        relay.allows(tokens(0).setText(ByteString.copyFromUtf8("late")).build(), ANY),
        "text that lagged behind its tokens");
  }

  @Test
  void allowsLogprobsOnlyWhereAskedForAndOfABoundedSize() {
    PlainRelay telling = new PlainRelay(reader, 0, true);
    TokenLogprob entry = TokenLogprob.newBuilder().setLogprob(-1).build();
    Tokens.Builder one = tokens(1).addLogprobs(entry);
    assertFalse(relay.allows(one.build(), ANY));
    assertTrue(telling.allows(one.build(), ANY));
    assertFalse(telling.allows(one.addLogprobs(entry).build(), ANY), "two for one token");
    ByteString huge = ByteString.copyFrom(new byte[PlainRelay.MOST_BYTES_PER_TOKEN + 1]);
    TokenLogprob.Builder other = TokenLogprob.newBuilder().setPiece(huge);
    assertFalse(telling.allows(tokens(1).addLogprobs(other).build(), ANY));
    other.clearPiece().addTop(Alternative.newBuilder().setPiece(huge));
    assertFalse(telling.allows(tokens(1).addLogprobs(other).build(), ANY));
    other.clearTop();
    IntStream.range(0, 21).forEach(i -> other.addTop(Alternative.getDefaultInstance()));
    assertFalse(telling.allows(tokens(1).addLogprobs(other).build(), ANY));
  }
}
