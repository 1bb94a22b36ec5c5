package org.cocoon.router.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.admission.Admission;
import org.cocoon.router.fleet.Fleet;
import org.cocoon.router.fleet.TestWorkers;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.Ledger.Usage;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A sealed request step by step, with workers that break it in every way that can be seen. */
class SealedPathTest {
  private static final int CIPHERTEXT_BYTES = 500;
  private static final int CHUNK_MEMORY = 2_000;
  private static final List<String> SEALED = List.of("sealed");

  private final ArrayDeque<Runnable> nextTurn = new ArrayDeque<>();
  private final Fleet fleet = new Fleet();
  private final MemoryLedger ledger = new MemoryLedger(new Random(1));
  private final RequestPath path =
      new RequestPath(
          nextTurn::add,
          ledger,
          new Admission(PriceBook.of(Price.perMillion(10_000_000)), 6),
          fleet,
          new RequestPath.Limits(
              4,
              4,
              8,
              TimeUnit.SECONDS.toNanos(60),
              TimeUnit.SECONDS.toNanos(30),
              TimeUnit.SECONDS.toNanos(2),
              TimeUnit.SECONDS.toNanos(15),
              CHUNK_MEMORY),
          new RouterMetrics(new SimpleMeterRegistry()),
          () -> 0);

  SealedPathTest() {
    ledger.calm = true;
  }

  final class Peer {
    final Worker worker;
    final List<Run> runs = new ArrayList<>();
    int cancels;

    Peer(String name, List<String> features) {
      worker =
          TestWorkers.attach(
              fleet, name, 4, 1_000, 1000, features, () -> 0, this::take, nextTurn::add);
    }

    private void take(FromRouter message) {
      runs.addAll(message.getRunList());
      cancels += message.getCancelCount();
    }

    void say(FromWorker.Builder message) {
      TestWorkers.say(worker, message.build());
      settle();
    }

    void chunk(String chunk, int tokens) {
      say(FromWorker.newBuilder().addTokens(sealed(chunk, tokens)));
    }

    Tokens.Builder sealed(String chunk, int tokens) {
      return Tokens.newBuilder()
          .setRun(runs.getLast().getRun())
          .setSealed(ByteString.copyFromUtf8(chunk))
          .setSealedCount(tokens);
    }

    void fail(FailureCode code) {
      say(
          FromWorker.newBuilder()
              .addFailed(Failed.newBuilder().setRun(runs.getLast().getRun()).setCode(code)));
    }

    void finish(int promptTokens) {
      say(
          FromWorker.newBuilder()
              .addDone(
                  Done.newBuilder()
                      .setRun(runs.getLast().getRun())
                      .setFinish(FinishReason.FINISH_STOP)
                      .setPromptTokens(promptTokens)));
    }
  }

  private static final class Client implements Answer {
    final List<String> chunks = new ArrayList<>();
    int tokens;
    @Nullable Completion completion;
    @Nullable Refusal refusal;

    @Override
    public void text(int choice, byte[] text, int count, List<TokenLogprob> logprobs) {
      throw new AssertionError("plain text for a sealed request");
    }

    @Override
    public void sealed(byte[] chunk, int count) {
      chunks.add(ByteString.copyFrom(chunk).toStringUtf8());
      tokens += count;
    }

    @Override
    public void finished(Completion how) {
      completion = how;
    }

    @Override
    public void refused(Refusal why) {
      refusal = why;
    }

    @Override
    public boolean writable() {
      return true;
    }

    Kind refusedAs() {
      assertNull(completion);
      assertNotNull(refusal);
      return refusal.kind();
    }
  }

  private final UUID id = new UUID(3, 4);

  private Client submit() {
    Run run =
        Run.newBuilder()
            .setModel(TestWorkers.MODEL)
            .setSealed(
                SealedPrompt.newBuilder()
                    .setCiphertext(ByteString.copyFrom(new byte[CIPHERTEXT_BYTES])))
            .build();
    Client client = new Client();
    path.submit(
        new InferenceRequest(
            id, new Account(1, "a"), run, CIPHERTEXT_BYTES, 1, 100, 1_000_000, 600_000, 7, 1),
        client);
    settle();
    return client;
  }

  private void settle() {
    while (!nextTurn.isEmpty() || !ledger.idle()) {
      ledger.answerOne();
      for (int i = nextTurn.size(); i > 0; i--) {
        nextTurn.remove().run();
      }
    }
  }

  private Usage charged() {
    return java.util.Objects.requireNonNull(ledger.charged.get(id), "not charged");
  }

  private void assertNothingLeft() {
    assertEquals(0, path.openRequests());
    assertEquals(0, path.chunkMemoryBytes());
    assertTrue(ledger.open.isEmpty(), "a hold is left");
  }

  @Test
  void isChargedForTheTokensOfItsChunksAndAPromptNoLongerThanItsCiphertext() {
    Peer peer = new Peer("a", SEALED);
    Client client = submit();
    peer.chunk("first", 1);
    peer.chunk("second", 6);
    peer.chunk("last", 0);
    peer.finish(1_000_000);
    assertEquals(List.of("first", "second", "last"), client.chunks);
    assertEquals(7, client.tokens);
    assertEquals(7, charged().tokens().completion());
    assertEquals(CIPHERTEXT_BYTES + 32 + 256, charged().tokens().prompt());
    assertNotNull(client.completion);
    assertNothingLeft();
  }

  @Test
  void anAnswerWithoutIdsGoesOnOnlyWhereTextIsContinued() {
    Peer first = new Peer("a", List.of("sealed", "text_only", "continues_text"));
    Client client = submit();
    first.chunk("one", 1);
    Peer ids = new Peer("b", SEALED);
    Peer textOnly = new Peer("c", List.of("sealed", "text_only"));
    Peer able = new Peer("d", List.of("sealed", "continues_text"));
    first.fail(FailureCode.FAILURE_ENGINE);
    settle();
    assertEquals(0, ids.runs.size());
    assertEquals(0, textOnly.runs.size());
    assertEquals(1, able.runs.size());
    able.chunk("two", 2);
    able.finish(9);
    assertEquals(List.of("one", "two"), client.chunks);
    assertEquals(3, charged().tokens().completion());
    assertNothingLeft();
  }

  @Test
  void beforeItsFirstTokenAnAnswerMayBeginAnywhere() {
    Peer first = new Peer("a", List.of("sealed", "text_only"));
    submit();
    Peer ids = new Peer("b", SEALED);
    first.fail(FailureCode.FAILURE_ENGINE);
    settle();
    assertEquals(1, ids.runs.size());
  }

  @Test
  void anAnswerThatGrowsIsGivenToMoreWorkersThanOneThatDoesNot() {
    Peer peer = new Peer("0", SEALED);
    Client client = submit();
    peer.chunk("c", 1);
    for (int failed = 1; failed < 8; failed++) {
      Peer next = new Peer("" + failed, SEALED);
      TestWorkers.lose(fleet, peer.worker);
      settle();
      assertNull(client.refusal);
      assertEquals(1, next.runs.size());
      if (failed % 3 == 0) {
        next.chunk("c", 1);
      }
      peer = next;
    }
    TestWorkers.lose(fleet, peer.worker);
    settle();
    assertEquals(Kind.WORKER_FAILED, client.refusedAs(), "8 are enough");
    assertEquals(3, client.tokens);
  }

  @Test
  void anAnswerThatDoesNotGrowBreaksOnlySoManyWorkers() {
    Peer peer = new Peer("0", SEALED);
    Client client = submit();
    for (int failed = 1; failed < 4; failed++) {
      Peer next = new Peer("" + failed, SEALED);
      peer.fail(FailureCode.FAILURE_ENGINE);
      settle();
      assertEquals(1, next.runs.size());
      peer = next;
    }
    assertNull(client.refusal);
    peer.fail(FailureCode.FAILURE_ENGINE);
    settle();
    assertEquals(Kind.WORKER_FAILED, client.refusedAs());
  }

  interface Fault {
    Tokens.Builder of(Peer peer);
  }

  record Named(String name, Fault fault) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Named> faults() {
    return Stream.of(
        new Named("token ids in clear", peer -> peer.sealed("x", 1).addIds(5)),
        new Named(
            "text in clear",
            peer -> peer.sealed("x", 1).setText(ByteString.copyFromUtf8("the secret"))),
        new Named("plain tokens", peer -> peer.sealed("", 0).addIds(5)),
        new Named("tokens in no chunk", peer -> peer.sealed("", 3)),
        new Named("more than its credit", peer -> peer.sealed("x", 512)),
        new Named("more than its limit", peer -> peer.sealed("x", 100)),
        new Named("a negative count", peer -> peer.sealed("x", -1)),
        new Named("a huge chunk", peer -> peer.sealed("x".repeat(1 << 20), 1)));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aWorkerThatBreaksItIsLeftAndTheAnswerGoesOnElsewhere(Named fault) {
    Peer first = new Peer("a", SEALED);
    Client client = submit();
    first.chunk("one", 1);
    Peer second = new Peer("b", SEALED);
    new Peer("c", List.of());
    first.say(FromWorker.newBuilder().addTokens(fault.fault.of(first)));
    assertEquals(1, first.cancels);
    assertEquals(1, second.runs.size());
    Run went = second.runs.getFirst();
    assertEquals(7, went.getPriority());
    assertEquals(
        List.of("one"),
        went.getContinuation().getSealedList().stream().map(ByteString::toStringUtf8).toList());
    second.chunk("two", 2);
    first.chunk("late", 1);
    second.finish(9);
    assertEquals(List.of("one", "two"), client.chunks);
    assertEquals(3, charged().tokens().completion());
    assertEquals(9, charged().tokens().prompt());
    assertNothingLeft();
  }

  @Test
  void goesOnFromAChunkWithoutTokens() {
    Peer first = new Peer("a", SEALED);
    Client client = submit();
    first.chunk("salt", 0);
    Peer second = new Peer("b", SEALED);
    TestWorkers.lose(fleet, first.worker);
    settle();
    assertEquals(1, second.runs.getFirst().getContinuation().getSealedCount());
    second.finish(9);
    assertNotNull(client.completion);
    assertNothingLeft();
  }

  @Test
  void aKeyThatNobodyHasIsSaidAtOnceAndCostsNothing() {
    Peer first = new Peer("a", SEALED);
    Peer second = new Peer("b", SEALED);
    new Peer("c", List.of());
    Client client = submit();
    (first.runs.isEmpty() ? second : first).fail(FailureCode.FAILURE_SEALED_KEY);
    assertNull(client.refusal, "the other one is asked first");
    assertEquals(1, first.runs.size());
    assertEquals(1, second.runs.size());
    (first.worker.inFlight() > 0 ? first : second).fail(FailureCode.FAILURE_SEALED_KEY);
    assertEquals(Kind.SEALED_KEY_UNKNOWN, client.refusedAs());
    assertTrue(ledger.charged.isEmpty());
    assertNothingLeft();
  }

  @Test
  void aKeyThatIsUnknownInMidAnswerIsNoFaultOfTheCallers() {
    Peer first = new Peer("a", SEALED);
    Client client = submit();
    first.chunk("one", 1);
    Peer second = new Peer("b", SEALED);
    TestWorkers.lose(fleet, first.worker);
    settle();
    second.fail(FailureCode.FAILURE_SEALED_KEY);
    assertNull(client.refusal, "another worker may still come");
    Peer third = new Peer("c", SEALED);
    settle();
    third.chunk("two", 1);
    third.finish(9);
    assertEquals(List.of("one", "two"), client.chunks);
    assertNothingLeft();
  }

  @Test
  void aLongAnswerThatIsNotKeptEndsWithItsWorkerAndIsChargedAsFar() {
    Peer first = new Peer("a", SEALED);
    Client client = submit();
    first.chunk("x".repeat(CHUNK_MEMORY), 9);
    assertEquals(0, path.chunkMemoryBytes());
    new Peer("b", SEALED);
    TestWorkers.lose(fleet, first.worker);
    settle();
    assertEquals(Kind.WORKER_FAILED, client.refusedAs());
    assertEquals(9, charged().tokens().completion());
    assertNothingLeft();
  }

  @Test
  void goesOnlyToWorkersThatOpenIt() {
    Peer plain = new Peer("a", List.of("logprobs"));
    Client client = submit();
    assertEquals(Kind.UNKNOWN_MODEL, client.refusedAs(), "and none here ever did");
    Peer sealed = new Peer("b", SEALED);
    TestWorkers.lose(fleet, sealed.worker);
    Client late = submit();
    assertEquals(Kind.NO_WORKER, late.refusedAs(), "one did, and may come back");
    assertTrue(plain.runs.isEmpty());
    assertNothingLeft();
  }
}
