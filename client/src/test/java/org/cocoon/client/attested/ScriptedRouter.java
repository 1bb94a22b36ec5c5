package org.cocoon.client.attested;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetServerOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.CertificateEncodingException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.bouncycastle.crypto.params.X25519PrivateKeyParameters;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.UsedTokens;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.seal.AnswerSealer;
import org.cocoon.link.seal.GroupPrivateKey;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.PromptOpener;
import org.cocoon.link.seal.PromptOpener.OpenedPrompt;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.tls.AttestedTls;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.SealedPrompt;

/**
 * A router on a simulated TEE, with the key manager and the worker behind it, that answers as it is
 * told. What happens after TLS is real: HTTP, statements, sealed prompts and answers.
 */
public final class ScriptedRouter implements AutoCloseable {
  public static final String MODEL = "small-1";
  public static final String REQUEST = "01890a5d-ac96-774b-bcce-b302099a8057";
  public static final int NETWORK = -31337;
  public static final ReceiptKey KEY = ReceiptKey.ofSeed(new byte[32]);
  public static final Price PRICE = Price.perMillion(1_000_000_000);
  public static final SettlementContract.Terms TERMS =
      new SettlementContract.Terms(
          TonAddress.parse("0:" + "51".repeat(32)),
          TonAddress.parse("0:" + "52".repeat(32)),
          KEY.publicKey(),
          86_400,
          NanoTon.ofTon(10));
  public static final TonAddress SETTLEMENT = SettlementContract.address(TERMS);
  public static final ImageMeasurement IMAGE = new ImageMeasurement("5a".repeat(48));

  /** Answers one sealed request. */
  @FunctionalInterface
  public interface Script {
    void answer(Exchange exchange);
  }

  private final Path dir;
  private final InstantSource clock;
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final SimulatedTee routerTee;
  private final SimulatedTee keysTee;
  private final AtomicInteger port = new AtomicInteger();
  private final AtomicReference<Script> script = new AtomicReference<>(_ -> {});
  private final AtomicReference<GroupPrivateKey> groupKey = new AtomicReference<>();
  private final AtomicLong epoch = new AtomicLong();

  /** Statements that GET /v1/group-keys gives; newest first. */
  public final AtomicReference<List<GroupKeyStatement>> statements =
      new AtomicReference<>(List.of());

  /** Paths of all requests, with their keys: {@code GET /v1/models Bearer ck_1}. */
  public final List<String> requests = new CopyOnWriteArrayList<>();

  /** Other paths that it answers, and with what. */
  public final Map<String, String> pages = new ConcurrentHashMap<>();

  /** Vouchers that came with requests. */
  public final List<String> vouchers = new CopyOnWriteArrayList<>();

  /** Bodies of all sealed requests. */
  public final List<JsonObject> bodies = new CopyOnWriteArrayList<>();

  /** Plaintext bytes that came over TLS, where it was started to count them. */
  public final AtomicLong plaintextBytes = new AtomicLong();

  /** Completes with the first of them. */
  public final CompletableFuture<Void> heard = new CompletableFuture<>();

  private ScriptedRouter(Path dir, InstantSource clock, ImageMeasurement image) throws IOException {
    this.dir = dir;
    this.clock = clock;
    this.routerTee = SimulatedTee.start(dir.resolve("tee"), Role.ROUTER, image, clock);
    this.keysTee = SimulatedTee.start(dir.resolve("tee"), Role.KEYS, image, clock);
    allow(policy());
  }

  /** Starts one that answers, and writes the policy that trusts it. */
  public static ScriptedRouter start(Path dir, InstantSource clock) throws IOException {
    ScriptedRouter router = new ScriptedRouter(dir, clock, IMAGE);
    LinkIdentity identity = router.identity(Role.ROUTER);
    HttpServer server =
        router
            .vertx
            .createHttpServer(
                AttestedTls.openServerOptions(() -> identity).setHost("127.0.0.1").setPort(0))
            .requestHandler(router::handle);
    await(server.listen());
    router.port.set(server.actualPort());
    router.newGroupKey();
    return router;
  }

  /** Starts one that speaks TLS with its evidence and counts what comes after the handshake. */
  public static ScriptedRouter startCounting(Path dir, InstantSource clock) throws IOException {
    ScriptedRouter router = new ScriptedRouter(dir, clock, IMAGE);
    LinkIdentity identity = router.identity(Role.ROUTER);
    NetServer server =
        router
            .vertx
            .createNetServer(
                new NetServerOptions(AttestedTls.openServerOptions(() -> identity))
                    .setHost("127.0.0.1")
                    .setPort(0))
            .connectHandler(
                socket ->
                    socket.handler(
                        bytes -> {
                          router.plaintextBytes.addAndGet(bytes.length());
                          router.heard.complete(null);
                        }));
    await(server.listen());
    router.port.set(server.actualPort());
    return router;
  }

  public URI address() {
    return URI.create("https://127.0.0.1:" + port.get());
  }

  public Path policyFile() {
    return dir.resolve("policy.json");
  }

  /** Trusts this network's test root and image in all roles. */
  public Policy policy() throws IOException {
    return policy(
        Set.of(),
        Set.of(SimulatedRoot.in(dir.resolve("tee"), clock).hash()),
        Set.of(IMAGE.imageHash(Role.ROUTER)));
  }

  public static Policy policy(Set<String> roots, Set<String> simulated, Set<String> routers) {
    return Policy.NOTHING
        .withRoots(roots, simulated)
        .withCollateralRequired(false)
        .withDomains(ImageMeasurement.DOMAINS)
        .withImages(Map.of(Role.ROUTER, routers, Role.KEYS, Set.of(IMAGE.imageHash(Role.KEYS))));
  }

  /** Writes the client's policy. */
  public void allow(Policy policy) throws IOException {
    Files.writeString(policyFile(), policy.toJson());
  }

  public LinkIdentity identity(Role role) throws IOException {
    SimulatedTee tee = role == Role.KEYS ? keysTee : routerTee;
    return LinkIdentity.create(role, new TsmReports(tee.reportsFolder()), clock);
  }

  // ------------------------------------------------------------------ keys

  /** Makes a new group key, known to the worker, and states it as the only one. */
  public GroupKeyStatement newGroupKey() throws IOException {
    GroupPrivateKey key = drawKey(MODEL, Duration.ofHours(1));
    GroupKeyStatement statement = state(key.publicHalf(), identity(Role.KEYS));
    groupKey.set(key);
    statements.set(List.of(statement));
    return statement;
  }

  /** A key that only the worker knows of from now on, so that prompts to the stated one fail. */
  public void rotateAtTheWorker() {
    groupKey.set(drawKey(MODEL, Duration.ofHours(1)));
  }

  /** States what the worker has. */
  public void stateTheWorkersKey() throws IOException {
    statements.set(List.of(state(groupKey.get().publicHalf(), identity(Role.KEYS))));
  }

  public GroupPrivateKey drawKey(String model, Duration validity) {
    X25519PrivateKeyParameters secret = new X25519PrivateKeyParameters(new SecureRandom());
    byte[] open = secret.generatePublicKey().getEncoded();
    Instant now = clock.instant();
    GroupPublicKey key =
        new GroupPublicKey(
            GroupPublicKey.idOf(open),
            model,
            epoch.incrementAndGet(),
            open,
            now.minusSeconds(1),
            now.plus(validity));
    return new GroupPrivateKey(key, secret.getEncoded());
  }

  public static GroupKeyStatement state(GroupPublicKey key, LinkIdentity manager) {
    byte[] encoded =
        GroupKey.newBuilder()
            .setKeyId(key.keyId())
            .setModel(key.model())
            .setEpoch(key.epoch())
            .setPublicKey(ByteString.copyFrom(key.publicKey()))
            .setNotBeforeMillis(key.notBefore().toEpochMilli())
            .setNotAfterMillis(key.notAfter().toEpochMilli())
            .build()
            .toByteArray();
    try {
      return GroupKeyStatement.newBuilder()
          .setKey(ByteString.copyFrom(encoded))
          .setSignature(ByteString.copyFrom(manager.sign(StatementVerifier.LABEL, encoded)))
          .setCertificate(ByteString.copyFrom(manager.certificate().getEncoded()))
          .build();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }

  // ------------------------------------------------------------------ answers

  /** How sealed requests are answered from now on. */
  public void script(Script next) {
    script.set(next);
  }

  /** Answers with these pieces, one token and one chunk each, and bills them. */
  public static Script says(String... pieces) {
    return exchange -> {
      for (int i = 0; i < pieces.length; i++) {
        exchange.chunk(exchange.seal(pieces[i], 1, i == pieces.length - 1), 1);
      }
      exchange.end("stop", pieces.length);
    };
  }

  /** What this router signs about a request with so many tokens. */
  public static String receipt(int billed, long cost) {
    return Receipt.sign(
            KEY,
            new ReceiptTerms(
                NETWORK,
                SETTLEMENT,
                UUID.fromString(REQUEST),
                1,
                MODEL,
                UsedTokens.of(7, billed),
                PRICE,
                1_000,
                new NanoTon(cost),
                0))
        .toText();
  }

  private void handle(HttpServerRequest request) {
    requests.add(request.method() + " " + request.uri() + " " + request.getHeader("authorization"));
    HttpServerResponse response = request.response();
    switch (String.valueOf(request.path())) {
      case "/v1/models" ->
          response
              .putHeader("content-type", "application/json")
              .end("{\"object\":\"list\",\"data\":[{\"id\":\"" + MODEL + "\"}]}");
      case "/v1/group-keys" -> {
        JsonArray data = new JsonArray();
        for (GroupKeyStatement statement : statements.get()) {
          data.add(new JsonObject().put("statement", base64(statement.toByteArray())));
        }
        response.end(new JsonObject().put("data", data).toBuffer());
      }
      case "/v1/chat/completions", "/v1/completions" -> {
        String voucher = request.getHeader("x-cocoon-voucher");
        if (voucher != null) {
          vouchers.add(voucher);
        }
        request.body().onSuccess(body -> infer(response, body.toJsonObject()));
      }
      default -> {
        String page = pages.get(String.valueOf(request.path()));
        response.setStatusCode(page == null ? 404 : 200).end(page == null ? "{}" : page);
      }
    }
  }

  private void infer(HttpServerResponse response, JsonObject body) {
    bodies.add(body);
    JsonObject sealed = body.getJsonObject("sealed");
    SealedPrompt prompt =
        SealedPrompt.newBuilder()
            .setKeyId(sealed.getString("key_id"))
            .setRequestNonce(bytes(sealed.getString("request_nonce")))
            .setEncapsulated(bytes(sealed.getString("encapsulated")))
            .setCiphertext(bytes(sealed.getString("ciphertext")))
            .setMaxTokens(body.getInteger("max_tokens", 0))
            .setChat(true)
            .build();
    OpenedPrompt opened = open(prompt, body.getString("model"));
    if (opened instanceof OpenedPrompt.Broken) {
      opened = open(prompt.toBuilder().setChat(false).build(), body.getString("model"));
    }
    switch (opened) {
      case OpenedPrompt.UnknownKey _ ->
          response
              .setStatusCode(409)
              .end(
                  "{\"error\":{\"message\":\"Fetch the key again.\","
                      + "\"type\":\"sealed_key_unknown\",\"param\":null,\"code\":\"x\"}}");
      case OpenedPrompt.Broken(String why) -> response.setStatusCode(500).end(why);
      case OpenedPrompt.Good good -> {
        response
            .setChunked(true)
            .putHeader("content-type", "text/event-stream")
            .putHeader("x-request-id", REQUEST);
        script.get().answer(new Exchange(vertx, response, good.prompt(), good.answer().begin()));
      }
    }
  }

  private OpenedPrompt open(SealedPrompt prompt, String model) {
    GroupPrivateKey held = groupKey.get();
    return new PromptOpener(
            id -> id.equals(held.publicHalf().keyId()) ? Optional.of(held) : Optional.empty())
        .open(prompt, model);
  }

  private static ByteString bytes(String base64) {
    return ByteString.copyFrom(Base64.getDecoder().decode(base64));
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** One request as worker and router see it together. */
  public record Exchange(
      Vertx vertx, HttpServerResponse response, PrivatePrompt prompt, AnswerSealer sealer) {
    /** Seals a piece of text as the worker does. */
    public byte[] seal(String text, int tokens, boolean last) {
      PrivateTokens.Builder plain =
          PrivateTokens.newBuilder().setText(ByteString.copyFrom(text, UTF_8));
      for (int i = 0; i < tokens; i++) {
        plain.addIds(i + 1);
      }
      return sealer.seal(plain.build(), last);
    }

    public byte[] seal(PrivateTokens tokens, boolean last) {
      return sealer.seal(tokens, last);
    }

    public void chunk(byte[] sealed, int tokens) {
      event(
          new JsonObject()
              .put("object", "cocoon.sealed.chunk")
              .put("sealed", base64(sealed))
              .put("tokens", tokens));
    }

    public void event(JsonObject event) {
      response.write("data: " + event.encode() + "\n\n");
    }

    public void end(String finish, int billed) {
      end(finish, billed, receipt(billed, 4_200));
    }

    /** The end, with this receipt. */
    public void end(String finish, int billed, String receipt) {
      event(
          new JsonObject()
              .put("object", "cocoon.sealed.end")
              .put("finish_reason", finish)
              .put(
                  "usage",
                  new JsonObject()
                      .put("prompt_tokens", 7)
                      .put("completion_tokens", billed)
                      .put("total_tokens", 7 + billed)
                      .put("cost_nanoton", 4200)
                      .put("receipt", receipt)));
      response.end(Buffer.buffer("data: [DONE]\n\n"));
    }
  }

  /** Changes a field of the key in a statement, keeping the signature. */
  public static GroupKeyStatement withEpoch(GroupKeyStatement statement, long epoch)
      throws InvalidProtocolBufferException {
    GroupKey key = GroupKey.parseFrom(statement.getKey()).toBuilder().setEpoch(epoch).build();
    return statement.toBuilder().setKey(key.toByteString()).build();
  }

  static <T> T await(Future<T> future) {
    return future.toCompletionStage().toCompletableFuture().join();
  }

  @Override
  public void close() throws IOException {
    await(vertx.close());
    routerTee.close();
    keysTee.close();
  }
}
