package org.cocoon.router.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;
import org.junit.jupiter.api.Test;

class SealedRelayTest {
  private static final int ANY = 1_000_000;
  private static final Run SEALED =
      Run.newBuilder().setSealed(SealedPrompt.getDefaultInstance()).build();
  private final Reader reader = new Reader();
  private final ChunkMemory memory = new ChunkMemory(1 << 20);
  private final Relay relay = Relay.of(SEALED, reader, 0, memory);

  private static final class Reader implements Answer {
    final List<Integer> chunks = new ArrayList<>();
    int tokens;

    @Override
    public void text(int choice, byte[] text, int count, List<TokenLogprob> logprobs) {
      throw new AssertionError("nothing is plain here");
    }

    @Override
    public void sealed(byte[] chunk, int count) {
      chunks.add(chunk.length);
      tokens += count;
    }

    @Override
    public void finished(Completion completion) {}

    @Override
    public void refused(Refusal refusal) {}

    @Override
    public boolean writable() {
      return true;
    }
  }

  private static Tokens.Builder chunk(int bytes, int tokens) {
    return Tokens.newBuilder()
        .setSealed(ByteString.copyFrom(new byte[bytes]))
        .setSealedCount(tokens);
  }

  private int deliver(int bytes, int tokens) {
    Tokens some = chunk(bytes, tokens).build();
    assertTrue(relay.allows(some, ANY));
    return relay.deliver(some);
  }

  @Test
  void countsGrantsAndContinuesByChunks() {
    assertFalse(relay.begun());
    assertEquals(0, deliver(48, 0));
    assertTrue(relay.begun(), "a first chunk binds what follows, though it holds no token");
    assertEquals(0, relay.delivered());
    assertEquals(0, deliver(70, Relay.GRANT_AT - 1));
    assertEquals(Relay.GRANT_AT, deliver(71, 1));
    assertEquals(Relay.GRANT_AT, relay.delivered());
    assertEquals(List.of(48, 70, 71), reader.chunks);
    assertEquals(
        List.of(48, 70, 71),
        relay.continuation().getSealedList().stream().map(ByteString::size).toList());
    assertEquals(0, relay.continuation().getIdsCount());
  }

  @Test
  void allowsTokensWithinCreditAndLimitOnly() {
    assertTrue(relay.allows(chunk(40, Relay.WINDOW).build(), ANY));
    assertFalse(relay.allows(chunk(40, Relay.WINDOW + 1).build(), ANY));
    assertTrue(relay.allows(chunk(40, 5).build(), 5));
    assertFalse(relay.allows(chunk(40, 6).build(), 5));
    assertFalse(relay.allows(chunk(40, -1).build(), ANY), "4294967295 of them");
    assertFalse(relay.allows(chunk(40, Integer.MAX_VALUE).build(), ANY));
    deliver(40, Relay.GRANT_AT - 1);
    assertFalse(relay.allows(chunk(40, Relay.WINDOW - Relay.GRANT_AT + 2).build(), ANY));
  }

  @Test
  void allowsChunksOnlyAndOfALikelySize() {
    assertFalse(relay.allows(chunk(0, 1).build(), ANY), "tokens in no chunk");
    assertFalse(relay.allows(chunk(40, 1).addIds(7).build(), ANY), "token ids in clear");
    assertFalse(
        relay.allows(chunk(40, 1).setText(ByteString.copyFromUtf8("x")).build(), ANY),
        "text in clear");
    assertFalse(
        relay.allows(chunk(40, 1).addLogprobs(TokenLogprob.getDefaultInstance()).build(), ANY));
    int most = SealedRelay.MOST_BYTES_BESIDE + SealedRelay.MOST_BYTES_PER_TOKEN;
    assertTrue(relay.allows(chunk(most, 1).build(), ANY));
    assertFalse(relay.allows(chunk(most + 1, 1).build(), ANY));
    deliver(most, 1);
    assertFalse(relay.allows(chunk(1, 0).build(), ANY), "not one byte more without a token");
    assertTrue(relay.allows(chunk(SealedRelay.MOST_BYTES_PER_TOKEN, 1).build(), ANY));
    Relay plain = Relay.of(Run.getDefaultInstance(), reader, 0, memory);
    assertFalse(plain.allows(chunk(40, 0).addIds(7).build(), ANY), "sealed in a plain run");
    assertFalse(plain.allows(Tokens.newBuilder().setSealedCount(1).build(), ANY));
  }

  @Test
  void givesItsMemoryBackOnce() {
    deliver(1_000, 1);
    deliver(1_000, 1);
    assertEquals(2 * ChunkMemory.cost(1_000), memory.usedBytes());
    relay.close();
    assertEquals(0, memory.usedBytes());
    relay.close();
    assertEquals(0, memory.usedBytes());
  }

  @Test
  void goesOnWithoutKeepingWhereMemoryIsFull() {
    ChunkMemory small = new ChunkMemory(2 * ChunkMemory.cost(500));
    Relay other = Relay.of(SEALED, reader, 0, small);
    Relay full = Relay.of(SEALED, reader, 0, small);
    full.deliver(chunk(500, 1).build());
    other.deliver(chunk(500, 1).build());
    assertTrue(full.continuable());
    full.deliver(chunk(1, 1).build());
    assertFalse(full.continuable());
    assertEquals(2, full.delivered(), "the client has it all the same");
    assertEquals(3, reader.tokens);
    assertEquals(ChunkMemory.cost(500), small.usedBytes(), "what it kept until then is free");
    other.deliver(chunk(500, 1).build());
    assertTrue(other.continuable(), "and another answer's");
    full.deliver(chunk(1, 1).build());
    full.close();
    assertEquals(2 * ChunkMemory.cost(500), small.usedBytes());
  }

  @Test
  void keepsNoMoreOfOneAnswerThanFitsDownALink() {
    ChunkMemory large = new ChunkMemory(1L << 40);
    Relay longest = Relay.of(SEALED, reader, 0, large);
    Tokens some = chunk(100 << 10, 100).build();
    while (longest.continuable()) {
      assertTrue(longest.allows(some, Integer.MAX_VALUE));
      assertTrue(large.usedBytes() <= SealedRelay.MOST_BYTES_KEPT);
      longest.deliver(some);
      longest.grantDue();
    }
    assertEquals(0, large.usedBytes());
    assertTrue(longest.delivered() > 8_000);
  }
}
