package org.cocoon.worker.uplink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.link.keys.HeldKeys;
import org.cocoon.link.seal.GroupPrivateKey;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.Opened;
import org.cocoon.link.seal.SealedExchange;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.Chat;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Message;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Sampling;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.link.wire.Tokens;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.EngineSet;
import org.cocoon.worker.engine.NativeEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A worker with the fake engine that opens sealed runs, against a router that sees what it may. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SealedWorkerTest {
  private static final String MODEL = "fake";
  private static final int TOKENS = 40;
  private static final long SEED = 20260312;

  private final Vertx vertx =
      Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2));
  private final Ring ring = new Ring();
  private final Uplinks uplinks = new Uplinks(ring);
  private final NativeEngine engine =
      NativeEngine.open(
          FakeBackend.open(new FakeOptions(MODEL, 64, 2048, 4096, 0, 0, TOKENS)),
          EngineOptions.DEFAULTS,
          uplinks);
  private ScriptedRouter router = startedLater();

  /** One key, as a key manager would have given it. */
  private static final class Ring implements HeldKeys {
    final GroupPublicKey publicKey;
    final GroupPrivateKey privateKey;
    volatile List<GroupKeyStatement> statements =
        List.of(GroupKeyStatement.newBuilder().setKey(ByteString.copyFromUtf8("1")).build());

    Ring() {
      byte[] secret = new byte[32];
      X25519.generatePrivateKey(new SecureRandom(), secret);
      byte[] point = new byte[32];
      X25519.generatePublicKey(secret, 0, point, 0);
      Instant now = Instant.EPOCH;
      publicKey =
          new GroupPublicKey(GroupPublicKey.idOf(point), MODEL, 1, point, now, now.plusSeconds(60));
      privateKey = new GroupPrivateKey(publicKey, secret);
    }

    @Override
    public Optional<GroupPrivateKey> find(String keyId) {
      return keyId.equals(publicKey.keyId()) ? Optional.of(privateKey) : Optional.empty();
    }

    @Override
    public List<GroupKeyStatement> statements() {
      return statements;
    }
  }

  @SuppressWarnings("NullAway") // set before each test
  private static ScriptedRouter startedLater() {
    return null;
  }

  @BeforeEach
  void start() throws Exception {
    router = new ScriptedRouter(vertx);
    uplinks.start(
        vertx,
        List.of(router.address()),
        new Uplinks.Identity("w", 1000, "test", true, "", null),
        EngineSet.of(engine),
        ScriptedRouter.OPEN,
        why -> {});
  }

  @AfterEach
  void stop() throws Exception {
    uplinks.close();
    engine.close();
    vertx.close().await(10, TimeUnit.SECONDS);
  }

  private static PrivatePrompt prompt(String content, String... stops) {
    return PrivatePrompt.newBuilder()
        .setText(content)
        .setSampling(Sampling.newBuilder().setTopP(1).setRepetitionPenalty(1))
        .addAllStop(List.of(stops))
        .build();
  }

  private static Run plain(long number, PrivatePrompt prompt) {
    return Run.newBuilder()
        .setRun(number)
        .setModel(MODEL)
        .setText(prompt.getText())
        .setSampling(prompt.getSampling())
        .addAllStop(prompt.getStopList())
        .setCredit(1000)
        .build();
  }

  private static Run.Builder sealed(long number, SealedPrompt prompt) {
    return Run.newBuilder().setRun(number).setModel(MODEL).setSealed(prompt).setCredit(1000);
  }

  private SealedExchange exchange(PrivatePrompt prompt, int maxTokens) {
    return SealedExchange.seal(ring.publicKey, prompt, maxTokens);
  }

  private ScriptedRouter.Answer run(Run run) throws InterruptedException {
    router.send(FromRouter.newBuilder().addRun(run));
    return router.ended(run.getRun());
  }

  private record Whole(List<Integer> ids, String text, String stop, FinishReason finish) {}

  private static Whole whole(ScriptedRouter.Answer answer) {
    List<Integer> ids = new ArrayList<>();
    ByteString text = ByteString.EMPTY;
    for (Tokens tokens : answer.tokens) {
      ids.addAll(tokens.getIdsList());
      text = text.concat(tokens.getText());
    }
    Done done = Objects.requireNonNull(answer.done, "it failed");
    return new Whole(ids, text.toStringUtf8(), done.getStop(), done.getFinish());
  }

  /** Opens what the router was shown, and checks that it was shown nothing else. */
  private static Whole opened(SealedExchange exchange, List<Tokens> chunks) {
    List<Integer> ids = new ArrayList<>();
    ByteString text = ByteString.EMPTY;
    PrivateTokens last = PrivateTokens.getDefaultInstance();
    for (Tokens chunk : chunks) {
      assertEquals(0, chunk.getIdsCount() + chunk.getText().size() + chunk.getLogprobsCount());
      Opened opened = exchange.open(chunk.getSealed().toByteArray(), chunk.getSealedCount());
      last = assertInstanceOf(Opened.Chunk.class, opened, opened.toString()).tokens();
      ids.addAll(last.getIdsList());
      text = text.concat(last.getText());
    }
    return new Whole(ids, text.toStringUtf8(), last.getStop(), last.getFinish());
  }

  @Test
  void aSealedAnswerIsThePlainOne() throws Exception {
    Whole unstopped = whole(run(plain(1, prompt("tell me"))));
    assertEquals(TOKENS, unstopped.ids().size());
    String stop = unstopped.text().substring(50, 56);
    for (PrivatePrompt asked : List.of(prompt("tell me"), prompt("tell me", stop))) {
      long number = 10 + 10L * asked.getStopCount();
      Whole plain = whole(run(plain(number, asked)));
      SealedExchange exchange = exchange(asked, 0);
      ScriptedRouter.Answer answer = run(sealed(number + 1, exchange.request()).build());
      assertEquals(plain, opened(exchange, answer.tokens));
      assertTrue(exchange.complete());
      assertEquals("", Objects.requireNonNull(answer.done).getStop(), "is the client's to know");
      assertEquals(FinishReason.FINISH_STOP, answer.done.getFinish());
    }
    assertEquals(0, uplinks.sealedRuns());
  }

  @Test
  void anotherWorkerGoesOnWhereverTheAnswerWasCut() throws Exception {
    PrivatePrompt asked = prompt("go on");
    Whole plain = whole(run(plain(1, asked)));
    SealedExchange once = exchange(asked, 0);
    List<Tokens> chunks = run(sealed(2, once.request()).build()).tokens;
    Random random = new Random(SEED);
    for (int round = 0; round < 10; round++) {
      SealedExchange exchange = exchange(asked, 0);
      List<Tokens> all = run(sealed(100 + 2L * round, exchange.request()).build()).tokens;
      List<Tokens> delivered = new ArrayList<>(all.subList(0, random.nextInt(all.size())));
      Run second =
          sealed(101 + 2L * round, exchange.request())
              .setContinuation(
                  Continuation.newBuilder()
                      .addAllSealed(delivered.stream().map(Tokens::getSealed).toList()))
              .build();
      delivered.addAll(run(second).tokens);
      assertEquals(plain, opened(exchange, delivered), "seed " + SEED + " round " + round);
      assertTrue(exchange.complete());
    }
    Continuation complete =
        Continuation.newBuilder()
            .addAllSealed(chunks.stream().map(Tokens::getSealed).toList())
            .build();
    ScriptedRouter.Answer end = run(sealed(500, once.request()).setContinuation(complete).build());
    assertEquals(List.of(), end.tokens, "the client has the whole answer");
    assertEquals(FinishReason.FINISH_STOP, Objects.requireNonNull(end.done).getFinish());
    assertEquals(plain, opened(once, chunks));
  }

  @Test
  void refusesWhatIsNotItsOwnWithoutSayingMore() throws Exception {
    String secret = "the-secret-of-this-prompt";
    SealedPrompt good = exchange(prompt(secret), 8).request();
    Ring other = new Ring();
    SealedPrompt unknown = SealedExchange.seal(other.publicKey, prompt(secret), 0).request();
    PrivatePrompt tooLong = prompt("x".repeat(5_000));
    PrivatePrompt wrongStop = prompt(secret, "");
    Map<Run, FailureCode> runs = new HashMap<>();
    runs.put(sealed(1, unknown).build(), FailureCode.FAILURE_SEALED_KEY);
    runs.put(sealed(2, good).setModel("other").build(), FailureCode.FAILURE_SEALED_KEY);
    runs.put(sealed(3, good).build(), FailureCode.FAILURE_BAD_REQUEST); // no limit at all
    runs.put(sealed(4, good).setMaxTokens(9).build(), FailureCode.FAILURE_BAD_REQUEST);
    runs.put(
        sealed(5, good.toBuilder().setMaxTokens(9).build()).setMaxTokens(9).build(),
        FailureCode.FAILURE_BAD_REQUEST);
    runs.put(
        sealed(6, exchange(tooLong, 0).request()).build(), FailureCode.FAILURE_PROMPT_TOO_LONG);
    runs.put(sealed(7, exchange(wrongStop, 0).request()).build(), FailureCode.FAILURE_BAD_REQUEST);
    runs.put(
        sealed(8, good)
            .setMaxTokens(8)
            .setContinuation(Continuation.newBuilder().addSealed(ByteString.copyFromUtf8("x")))
            .build(),
        FailureCode.FAILURE_BAD_REQUEST);
    for (Map.Entry<Run, FailureCode> run : runs.entrySet()) {
      Failed failed = run(run.getKey()).failed;
      assertNotNull(failed, "run " + run.getKey().getRun());
      assertEquals(run.getValue(), failed.getCode(), failed.getMessage());
      assertFalse(failed.getMessage().contains(secret) || failed.getMessage().contains("5000"));
    }
    ScriptedRouter.Answer answer = run(sealed(9, good).setMaxTokens(8).build());
    assertEquals(8, answer.tokens.stream().mapToInt(Tokens::getSealedCount).sum());
    assertEquals(0, uplinks.sealedRuns());
  }

  @Test
  void aCancelledAnswerHasNoLastChunk() throws Exception {
    SealedExchange exchange = exchange(prompt("long").toBuilder().setIgnoreEos(true).build(), 0);
    router.send(FromRouter.newBuilder().addRun(sealed(1, exchange.request()).setCredit(5)));
    assertEquals(1, router.first.take());
    router.send(FromRouter.newBuilder().addCancel(Cancel.newBuilder().setRun(1)));
    ScriptedRouter.Answer answer = router.ended(1);
    assertEquals(FinishReason.FINISH_CANCELLED, Objects.requireNonNull(answer.done).getFinish());
    opened(exchange, answer.tokens);
    assertFalse(exchange.complete());
    // Cancelled with the same message that starts it, while the prompt is opened elsewhere.
    router.send(
        FromRouter.newBuilder()
            .addRun(sealed(2, exchange.request()))
            .addCancel(Cancel.newBuilder().setRun(2)));
    assertEquals(
        FinishReason.FINISH_CANCELLED, Objects.requireNonNull(router.ended(2).done).getFinish());
    assertEquals(List.of(), router.answer(2).tokens);
    assertEquals(0, uplinks.sealedRuns());
  }

  @Test
  void manyAtOnceEachInItsOrder() throws Exception {
    int count = 64;
    List<SealedExchange> exchanges = new ArrayList<>();
    FromRouter.Builder message = FromRouter.newBuilder();
    for (int i = 0; i < count; i++) {
      SealedExchange exchange = exchange(prompt("prompt " + i), 0);
      exchanges.add(exchange);
      message.addRun(sealed(1000 + i, exchange.request()));
      message.addRun(plain(2000 + i, prompt("prompt " + i)));
    }
    router.send(message);
    for (int i = 0; i < 2 * count; i++) {
      router.ended.take();
    }
    for (int i = 0; i < count; i++) {
      assertEquals(
          whole(router.answer(2000 + i)), opened(exchanges.get(i), router.answer(1000 + i).tokens));
      assertTrue(exchanges.get(i).complete());
    }
    assertEquals(0, uplinks.sealedRuns());
  }

  @Test
  void saysWhichKeysPromptsCanBeSealedTo() throws Exception {
    assertTrue(router.hellos.take().getModels(0).getFeaturesList().contains("sealed"));
    assertEquals(ring.statements(), router.groupKeys.take());
    ring.statements =
        List.of(GroupKeyStatement.newBuilder().setKey(ByteString.copyFromUtf8("2")).build());
    uplinks.keysChanged();
    assertEquals(ring.statements(), router.groupKeys.take());
  }

  @Test
  void aConversationIsSealedToo() throws Exception {
    PrivatePrompt asked =
        PrivatePrompt.newBuilder()
            .setChat(
                Chat.newBuilder().addMessages(Message.newBuilder().setRole("user").setContent("?")))
            .setSampling(Sampling.newBuilder().setTopP(1).setRepetitionPenalty(1))
            .build();
    SealedExchange exchange = exchange(asked, 12);
    ScriptedRouter.Answer answer = run(sealed(1, exchange.request()).setMaxTokens(12).build());
    Whole opened = opened(exchange, answer.tokens);
    assertEquals(12, opened.ids().size());
    assertEquals(FinishReason.FINISH_LENGTH, opened.finish());
  }
}
