package org.cocoon.link.seal;

import static org.cocoon.link.seal.Group.MODEL;
import static org.cocoon.link.seal.Group.chat;
import static org.cocoon.link.seal.Group.tokens;
import static org.cocoon.link.seal.Group.wire;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.cocoon.link.seal.PromptOpener.OpenedPrompt;
import org.cocoon.link.seal.SealedAnswer.Resumed;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.SealedPrompt;
import org.junit.jupiter.api.Test;

final class SealedExchangeTest {
  private static final long SEED = 20260311;
  private static final int PARTS = 12;
  private static final int MAX_TOKENS = 64;

  private final Group group = new Group(SEED);
  private final Random random = new Random(SEED);

  /** What the client gets, or where it stopped opening. */
  private record Heard(List<PrivateTokens> tokens, boolean complete, String broken) {}

  private static Heard hear(SealedExchange exchange, List<byte[]> chunks, List<Integer> counts) {
    List<PrivateTokens> heard = new ArrayList<>();
    for (int i = 0; i < chunks.size(); i++) {
      switch (exchange.open(chunks.get(i), counts.get(i))) {
        case Opened.Broken(String why) -> {
          assertInstanceOf(
              Opened.Broken.class, exchange.open(chunks.get(i), counts.get(i)), "broken for good");
          return new Heard(heard, exchange.complete(), why);
        }
        case Opened.Chunk(PrivateTokens tokens, boolean last) -> {
          assertEquals(last, exchange.complete());
          heard.add(tokens);
        }
      }
    }
    return new Heard(heard, exchange.complete(), "");
  }

  private static List<Integer> counts(List<PrivateTokens> parts) {
    return parts.stream().map(PrivateTokens::getIdsCount).toList();
  }

  @Test
  void bothEndsReadWhatTheOtherSealed() {
    PrivatePrompt prompt = chat("Who was that?");
    List<PrivateTokens> answer = Group.answer(random, PARTS);
    try (SealedExchange exchange = group.seal(prompt, MAX_TOKENS)) {
      SealedPrompt request = exchange.request();
      assertEquals(prompt, group.opened(request).prompt());
      assertEquals(MAX_TOKENS, request.getMaxTokens());
      assertTrue(request.getChat());
      List<byte[]> chunks = group.sealAll(request, answer);
      Heard heard = hear(exchange, chunks, counts(answer));
      assertEquals(new Heard(answer, true, ""), heard);
      assertTrue(SealedFormat.saysLast(chunks.getLast()));
      assertFalse(SealedFormat.saysLast(chunks.getFirst()));
    }
  }

  @Test
  void aSealedPromptOpensOnlyAsItWasSealed() {
    SealedPrompt request = group.seal(chat("a"), MAX_TOKENS).request();
    Group other = new Group(SEED + 1);
    assertInstanceOf(OpenedPrompt.UnknownKey.class, other.opener.open(request, MODEL));
    assertInstanceOf(OpenedPrompt.UnknownKey.class, group.opener.open(request, "other"));
    SealedPrompt renamed = request.toBuilder().setKeyId(other.publicKey.keyId()).build();
    assertInstanceOf(OpenedPrompt.Broken.class, other.opener.open(renamed, MODEL));
    List<SealedPrompt> changed = new ArrayList<>();
    changed.add(request.toBuilder().setMaxTokens(0).build());
    changed.add(request.toBuilder().setMaxTokens(MAX_TOKENS + 1).build());
    changed.add(request.toBuilder().setChat(false).build());
    changed.add(request.toBuilder().clearCiphertext().build());
    changed.add(request.toBuilder().clearEncapsulated().build());
    changed.add(request.toBuilder().clearRequestNonce().build());
    changed.add(request.toBuilder().setEncapsulated(ByteString.copyFrom(new byte[32])).build());
    for (int bit = 0; bit < request.getCiphertext().size() * 8; bit++) {
      changed.add(request.toBuilder().setCiphertext(flipped(request.getCiphertext(), bit)).build());
    }
    for (int bit = 0; bit < SealedFormat.REQUEST_NONCE_BYTES * 8; bit++) {
      changed.add(
          request.toBuilder().setRequestNonce(flipped(request.getRequestNonce(), bit)).build());
    }
    for (int bit = 0; bit < SealedFormat.KEY_BYTES * 8 - 1; bit++) {
      changed.add(
          request.toBuilder().setEncapsulated(flipped(request.getEncapsulated(), bit)).build());
    }
    for (SealedPrompt prompt : changed) {
      assertInstanceOf(OpenedPrompt.Broken.class, group.opener.open(prompt, MODEL));
    }
  }

  @Test
  void aModelsKeyOpensNothingOfAnotherModelsWithTheSameKey() {
    // A key manager never gives one key to two models; the data would still tell.
    SealedPrompt request = group.seal(chat("a"), 0).request();
    GroupPublicKey key = group.publicKey;
    GroupPublicKey renamed =
        new GroupPublicKey(
            key.keyId(), "other", 1, key.publicKey(), key.notBefore(), key.notAfter());
    SealedPrompt elsewhere = SealedExchange.seal(renamed, chat("a"), 0).request();
    assertInstanceOf(OpenedPrompt.Good.class, group.opener.open(request, MODEL));
    assertInstanceOf(OpenedPrompt.Broken.class, group.opener.open(elsewhere, MODEL));
  }

  @Test
  void aForgottenKeyOpensNothing() {
    SealedPrompt request = group.seal(chat("a"), 0).request();
    group.privateKey.forget();
    assertInstanceOf(OpenedPrompt.UnknownKey.class, group.opener.open(request, MODEL));
  }

  @Test
  void anyFlippedBitOfAChunkIsNoticed() {
    List<PrivateTokens> answer = List.of(tokens("one", 1), tokens(" two", 2, 3));
    PrivatePrompt prompt = chat("count");
    SealedPrompt request = group.seal(prompt, 0).request();
    int size = group.sealAll(request, answer).getFirst().length;
    for (int bit = 0; bit < size * 8; bit++) {
      SealedExchange exchange = group.seal(prompt, 0);
      List<byte[]> chunks = group.sealAll(exchange.request(), answer);
      chunks.set(0, flipped(ByteString.copyFrom(chunks.getFirst()), bit).toByteArray());
      Heard heard = hear(exchange, chunks, counts(answer));
      assertEquals(List.of(), heard.tokens(), "bit " + bit);
      assertNotEquals("", heard.broken());
    }
  }

  @Test
  void whatARouterDoesToTheRowOfChunksIsNoticed() {
    for (int round = 0; round < 200; round++) {
      List<PrivateTokens> answer = Group.answer(random, PARTS);
      SealedExchange exchange = group.seal(chat("round " + round), 0);
      List<byte[]> honest = group.sealAll(exchange.request(), answer);
      List<byte[]> other = group.sealAll(exchange.request(), answer);
      List<byte[]> chunks = new ArrayList<>(honest);
      List<Integer> counts = new ArrayList<>(counts(answer));
      int at = random.nextInt(PARTS);
      String deed =
          switch (random.nextInt(7)) {
            case 0 -> {
              chunks.remove(at);
              counts.remove(/* index */ at);
              yield "drops one";
            }
            case 1 -> {
              chunks.add(at, chunks.get(at));
              counts.add(at, counts.get(at));
              yield "repeats one";
            }
            case 2 -> {
              int to = (at + 1 + random.nextInt(PARTS - 1)) % PARTS;
              Collections.swap(chunks, at, to);
              Collections.swap(counts, at, to);
              yield "swaps two";
            }
            case 3 -> {
              chunks.set(at, other.get(at));
              yield "splices one of another attempt";
            }
            case 4 -> {
              chunks.set(at, Arrays.copyOf(chunks.get(at), chunks.get(at).length - 1));
              yield "cuts one short";
            }
            case 5 -> {
              counts.set(at, counts.get(at) + 1);
              yield "counts a token too many";
            }
            default -> {
              chunks.subList(at, PARTS).clear();
              yield "ends early";
            }
          };
      Heard heard = hear(exchange, chunks, counts);
      String said = "seed " + SEED + " round " + round + ": a router " + deed + " at " + at;
      boolean wholeOtherAttempt = deed.startsWith("splices") && PARTS == 1;
      assertFalse(heard.complete() && heard.broken().isEmpty() && !wholeOtherAttempt, said);
      assertEquals(answer.subList(0, heard.tokens().size()), heard.tokens(), said);
    }
  }

  @Test
  void anotherWorkerGoesOnAnywhereAndTheClientSeesOneAnswer() {
    for (int round = 0; round < 100; round++) {
      List<PrivateTokens> answer = Group.answer(random, PARTS);
      SealedExchange exchange = group.seal(chat("round " + round), 0);
      List<byte[]> delivered = new ArrayList<>();
      Set<ByteString> salts = new HashSet<>();
      int workers = 0;
      while (delivered.size() < PARTS) {
        // Each worker seals to the end of the answer, and the client gets a few chunks of that.
        int from = delivered.size();
        Resumed.Good resumed =
            (Resumed.Good) group.opened(exchange.request()).answer().resume(wire(delivered));
        assertArrayEquals(
            answer.subList(0, from).stream()
                .flatMapToInt(part -> part.getIdsList().stream().mapToInt(id -> id))
                .toArray(),
            resumed.ids());
        assertEquals(
            answer.subList(0, from).stream().mapToInt(part -> part.getText().size()).sum(),
            resumed.text().size());
        assertFalse(resumed.complete());
        List<byte[]> chunks = Group.seal(resumed.sealer(), answer.subList(from, PARTS), true);
        salts.add(ByteString.copyFrom(chunks.getFirst(), 1, SealedFormat.SALT_BYTES));
        workers++;
        delivered.addAll(chunks.subList(0, 1 + random.nextInt(chunks.size())));
      }
      assertEquals(workers, salts.size(), "each worker has a salt of its own");
      Heard heard = hear(exchange, delivered, counts(answer));
      assertEquals(new Heard(answer, true, ""), heard, "seed " + SEED + " round " + round);
      Resumed.Good done =
          (Resumed.Good) group.opened(exchange.request()).answer().resume(wire(delivered));
      assertTrue(done.complete());
    }
  }

  @Test
  void aWorkersPartFitsBehindTheChunksThatItWentOnFromAlone() {
    List<PrivateTokens> answer = Group.answer(random, PARTS);
    // As many tokens in each chunk, but others: only the transcript tells them apart.
    List<PrivateTokens> unlike =
        answer.stream()
            .map(part -> part.toBuilder().setText(ByteString.copyFromUtf8("other")).build())
            .toList();
    for (int cut = 1; cut < PARTS; cut++) {
      for (int shown : new int[] {cut - 1, cut, cut + 1}) {
        for (List<PrivateTokens> before : List.of(answer, unlike)) {
          SealedExchange exchange = group.seal(chat("cut " + cut), 0);
          List<byte[]> first = group.sealAll(exchange.request(), answer);
          List<byte[]> other = group.sealAll(exchange.request(), unlike);
          Resumed.Good resumed =
              (Resumed.Good)
                  group.opened(exchange.request()).answer().resume(wire(first.subList(0, cut)));
          List<PrivateTokens> rest = answer.subList(cut, PARTS);
          List<byte[]> chunks =
              new ArrayList<>((before.equals(answer) ? first : other).subList(0, shown));
          chunks.addAll(Group.seal(resumed.sealer(), rest, true));
          List<Integer> counts = new ArrayList<>(counts(before.subList(0, shown)));
          counts.addAll(counts(rest));
          Heard heard = hear(exchange, chunks, counts);
          boolean honest = shown == cut && before.equals(answer);
          assertEquals(honest, heard.complete(), "cut at " + cut + ", shown " + shown);
          assertEquals(honest ? PARTS : Math.min(shown, PARTS), heard.tokens().size());
        }
      }
    }
  }

  @Test
  void aContinuationMustBeOfThisAnswer() {
    List<PrivateTokens> answer = Group.answer(random, PARTS);
    SealedPrompt request = group.seal(chat("one"), 0).request();
    SealedPrompt other = group.seal(chat("one"), 0).request();
    List<byte[]> chunks = group.sealAll(request, answer);
    assertInstanceOf(
        Resumed.Broken.class, group.opened(other).answer().resume(wire(chunks.subList(0, 3))));
    assertInstanceOf(
        Resumed.Broken.class, group.opened(request).answer().resume(wire(chunks.subList(1, 3))));
    ByteString huge = ByteString.copyFrom(new byte[SealedFormat.MAX_CONTINUATION_BYTES + 1]);
    assertInstanceOf(Resumed.Broken.class, group.opened(request).answer().resume(List.of(huge)));
  }

  @Test
  void twoWorkersWithTheSameTokensSealUnlikeChunks() {
    List<PrivateTokens> answer = Group.answer(random, PARTS);
    SealedPrompt request = group.seal(chat("one"), 0).request();
    Set<ByteString> seen = new HashSet<>();
    for (int worker = 0; worker < 8; worker++) {
      for (byte[] chunk : group.sealAll(request, answer)) {
        int tag = chunk.length - SealedFormat.TAG_BYTES;
        assertTrue(seen.add(ByteString.copyFrom(chunk, tag, SealedFormat.TAG_BYTES)));
      }
    }
    assertEquals(8 * PARTS, seen.size());
  }

  @Test
  void aChunksSizeTellsNothingOfItsTokensLength() {
    AnswerSealer sealer = group.opened(group.seal(chat("a"), 0).request()).answer().begin();
    sealer.seal(tokens("", 1), false);
    Set<Integer> sizes = new HashSet<>();
    for (int length = 0; length <= 20; length++) {
      sizes.add(sealer.seal(tokens("x".repeat(length), 1 + length * 1000), false).length);
    }
    assertEquals(Set.of(1 + 32 + SealedFormat.TAG_BYTES), sizes);
  }

  @Test
  void aPromptsSizeIsThatOfItsClass() {
    for (int bytes = 1; bytes < 20_000; bytes += 7) {
      PrivatePrompt prompt = PrivatePrompt.newBuilder().setText("x".repeat(bytes)).build();
      int padded = SealedFormat.padPrompt(prompt).length;
      int own = prompt.getSerializedSize();
      assertTrue(padded >= own && padded <= Math.max(256, own * 1.13 + 2), bytes + ": " + padded);
      assertEquals(padded, SealedFormat.promptClass(padded), "it is the size of a class");
    }
    assertEquals(
        1,
        IntStream.range(1024, 1056)
            .map(SealedFormat::promptClass)
            .filter(c -> c > 1024)
            .distinct()
            .count());
  }

  @Test
  void boundsWhatIsSealed() {
    PrivatePrompt large =
        PrivatePrompt.newBuilder().setText("x".repeat(SealedFormat.MAX_PROMPT_BYTES)).build();
    assertThrows(IllegalArgumentException.class, () -> group.seal(large, 0));
    assertThrows(
        IllegalArgumentException.class, () -> group.seal(PrivatePrompt.getDefaultInstance(), 0));
    AnswerSealer sealer = group.opened(group.seal(chat("a"), 0).request()).answer().begin();
    PrivateTokens huge = tokens("x".repeat(SealedFormat.MAX_CHUNK_BYTES));
    assertThrows(IllegalArgumentException.class, () -> sealer.seal(huge, false));
    sealer.seal(tokens("end"), true);
    assertThrows(IllegalStateException.class, () -> sealer.seal(tokens("more"), false));
  }

  @Test
  void aClosedExchangeOpensNothing() {
    SealedExchange exchange = group.seal(chat("a"), 0);
    List<byte[]> chunks = group.sealAll(exchange.request(), List.of(tokens("x", 1)));
    exchange.close();
    assertInstanceOf(Opened.Broken.class, exchange.open(chunks.getFirst(), 1));
    assertFalse(exchange.complete());
  }

  private static ByteString flipped(ByteString bytes, int bit) {
    byte[] copy = bytes.toByteArray();
    copy[bit / 8] ^= (byte) (1 << bit % 8);
    return ByteString.copyFrom(copy);
  }
}
