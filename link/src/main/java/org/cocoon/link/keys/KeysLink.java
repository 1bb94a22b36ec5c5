package org.cocoon.link.keys;

import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.grpc.client.GrpcClient;
import io.vertx.grpc.client.GrpcClientOptions;
import io.vertx.grpc.client.GrpcClientRequest;
import java.security.cert.Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.seal.GroupPrivateKey;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.link.wire.GroupKeySecret;
import org.cocoon.link.wire.GroupKeySecrets;
import org.cocoon.link.wire.GroupKeyStatement;
import org.cocoon.link.wire.Keys;
import org.cocoon.link.wire.KeysWanted;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's link to its key manager, dialled again whenever it ends, and the keys that came over
 * it.
 *
 * <pre>
 * DIALLING  keys came--------------------> WATCHING   (back-off starts anew)
 * DIALLING  refused, no answer-----------> WAITING    back-off, doubled up to its bound, with jitter
 * WATCHING  keys came--------------------> WATCHING   those left out are forgotten
 * WATCHING  stream or connection ends----> WAITING    the keys stay until their time is over
 * WATCHING  pings stay unanswered--------> WAITING    the same
 * WATCHING  verdict on the peer ends-----> WAITING    the same
 * WAITING   time passed------------------> DIALLING   with fresh evidence
 * any       close------------------------> CLOSED     all keys are forgotten
 * </pre>
 *
 * <p>State belongs to one Vert.x context; what is public may be called from any thread.
 */
public final class KeysLink implements HeldKeys, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KeysLink.class);
  private static final long LEAST_BACK_OFF_MILLIS = 250;
  private static final long MOST_BACK_OFF_MILLIS = 5_000;
  private static final long BEAT_MILLIS = 5_000;
  private static final long FIRST_KEYS_MILLIS = 10_000;
  private static final int MOST_UNANSWERED = 3;
  private static final Buffer PING = Buffer.buffer("cocoon-k");

  private record Held(GroupPrivateKey key, GroupKeyStatement statement) {
    GroupPublicKey publicHalf() {
      return key.publicHalf();
    }
  }

  private final Vertx vertx;
  private final Context context;
  private final SocketAddress keyManager;
  private final PeerVerifier keyManagers;
  private final PeerWatch<Long> peers;
  private final Callable<HttpClientOptions> freshTls;
  private final InstantSource clock;
  private volatile Map<String, Held> held = Map.of();
  private Set<String> models = Set.of();
  private Runnable changed = () -> {};
  private @Nullable GrpcClient client;
  private @Nullable GrpcClientRequest<KeysWanted, GroupKeySecrets> stream;
  private List<GroupKeyStatement> told = List.of();
  private boolean watching;
  private boolean closed;
  private long session;
  private long backOffMillis = LEAST_BACK_OFF_MILLIS;
  private long beat;
  private long look;
  private int unanswered;

  /**
   * Makes one that does not dial yet.
   *
   * @param keyManagers judges the other end again while the link is up
   * @param freshTls makes TLS options for one connection, which accept only {@link
   *     org.cocoon.link.evidence.Role#KEYS} at the other end; may block
   */
  public KeysLink(
      Vertx vertx,
      SocketAddress keyManager,
      PeerVerifier keyManagers,
      Callable<HttpClientOptions> freshTls,
      InstantSource clock) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.keyManager = keyManager;
    this.keyManagers = keyManagers;
    this.peers =
        new PeerWatch<>(
            keyManagers,
            clock,
            task -> vertx.executeBlocking(Executors.callable(task), false),
            task -> context.runOnContext(ignored -> task.run()),
            (mine, why, changed) -> ended(mine, why.reason() + ": " + why.detail()));
    this.freshTls = freshTls;
    this.clock = clock;
  }

  /**
   * Dials, and keeps dialling; once.
   *
   * @param wanted models whose keys are asked for, 1 to {@link Keys#MAX_MODELS}
   * @param onChange hears, on the link's context, that {@link #statements()} are others now
   */
  public void start(Set<String> wanted, Runnable onChange) {
    context.runOnContext(
        ignored -> {
          models = Set.copyOf(wanted);
          changed = onChange;
          dial();
        });
    beat = vertx.setPeriodic(BEAT_MILLIS, ignored -> context.runOnContext(v -> beat()));
    look =
        vertx.setPeriodic(
            PolicyWatch.PERIOD_MILLIS, ignored -> context.runOnContext(v -> peers.tick()));
  }

  /**
   * Asks for the keys of these models from now on; those of others are forgotten once the key
   * manager answered.
   *
   * @param wanted 1 to {@link Keys#MAX_MODELS}
   */
  public void want(Set<String> wanted) {
    context.runOnContext(
        ignored -> {
          if (closed || models.equals(wanted)) {
            return;
          }
          models = Set.copyOf(wanted);
          peers.remove(session);
          watching = false;
          stream = null;
          closeClient();
          dial(); // a question is asked once on each connection
        });
  }

  @Override
  public Optional<GroupPrivateKey> find(String keyId) {
    return Optional.ofNullable(held.get(keyId)).map(Held::key);
  }

  @Override
  public List<GroupKeyStatement> statements() {
    Instant now = clock.instant();
    Map<String, Held> newest = new HashMap<>();
    for (Held one : held.values()) {
      if (now.isBefore(one.publicHalf().notAfter())) {
        newest.merge(
            one.publicHalf().model(),
            one,
            (a, b) -> a.publicHalf().epoch() > b.publicHalf().epoch() ? a : b);
      }
    }
    return newest.values().stream().map(Held::statement).toList();
  }

  private void dial() {
    if (closed) {
      return;
    }
    long mine = ++session;
    vertx
        .executeBlocking(freshTls, false)
        .compose(
            options -> {
              if (mine != session || closed) {
                return Future.failedFuture("closed while its evidence was made");
              }
              GrpcClient fresh =
                  GrpcClient.client(
                      vertx, new GrpcClientOptions().setMaxMessageSize(Keys.MAX_BYTES), options);
              client = fresh;
              return fresh.request(keyManager, Keys.client());
            })
        .compose(request -> watch(request, mine))
        .onFailure(fault -> ended(mine, String.valueOf(fault.getMessage())));
  }

  private Future<Void> watch(GrpcClientRequest<KeysWanted, GroupKeySecrets> request, long mine) {
    if (mine != session || closed) {
      request.connection().close();
      return Future.failedFuture("closed while it dialled");
    }
    try {
      Certificate peer = request.connection().peerCertificates().getFirst();
      PeerVerifier.Judgement judged = keyManagers.judge(peer);
      if (judged.verdict() instanceof PeerVerdict.Refused(String reason, String detail)) {
        return Future.failedFuture(reason + ": " + detail);
      }
      peers.add(mine, peer, judged);
    } catch (SSLPeerUnverifiedException e) {
      return Future.failedFuture(e);
    }
    stream = request;
    unanswered = 0;
    vertx.setTimer(
        FIRST_KEYS_MILLIS,
        ignored -> {
          if (!watching) {
            ended(mine, "no keys within %d s".formatted(FIRST_KEYS_MILLIS / 1000));
          }
        });
    request.exceptionHandler(fault -> ended(mine, String.valueOf(fault.getMessage())));
    request.connection().closeHandler(ignored -> ended(mine, "the connection closed"));
    request.end(KeysWanted.newBuilder().addAllModels(models).build());
    return request
        .response()
        .onSuccess(
            opened -> {
              opened.handler(secrets -> heard(secrets, mine));
              opened.endHandler(ignored -> ended(mine, "the key manager ended the stream"));
              opened.exceptionHandler(fault -> ended(mine, String.valueOf(fault.getMessage())));
            })
        .mapEmpty();
  }

  private void heard(GroupKeySecrets secrets, long mine) {
    if (mine != session || closed) {
      return;
    }
    Map<String, Held> next = new HashMap<>();
    try {
      for (GroupKeySecret secret : secrets.getKeysList()) {
        Held one = read(secret);
        next.put(one.publicHalf().keyId(), one);
      }
    } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
      ended(mine, "a key that is none: " + e.getMessage());
      return;
    }
    replace(next);
    if (!watching) {
      log.info("event=keys_attached key_manager={} keys={}", keyManager, next.size());
    }
    watching = true;
    backOffMillis = LEAST_BACK_OFF_MILLIS;
    tell();
  }

  private Held read(GroupKeySecret secret) throws InvalidProtocolBufferException {
    GroupPublicKey publicHalf = StatementVerifier.parse(secret.getStatement());
    if (!models.contains(publicHalf.model())) {
      throw new IllegalArgumentException("of a model that was not asked for");
    }
    Held known = held.get(publicHalf.keyId());
    if (known != null) {
      return new Held(known.key(), secret.getStatement());
    }
    byte[] privateKey = secret.getPrivateKey().toByteArray();
    try {
      return new Held(new GroupPrivateKey(publicHalf, privateKey), secret.getStatement());
    } finally {
      Arrays.fill(privateKey, (byte) 0);
    }
  }

  private void replace(Map<String, Held> next) {
    Map<String, Held> before = held;
    held = Map.copyOf(next);
    before.forEach(
        (keyId, one) -> {
          if (!next.containsKey(keyId)) {
            one.key().forget();
          }
        });
  }

  private void tell() {
    List<GroupKeyStatement> now = statements();
    if (!Set.copyOf(now).equals(Set.copyOf(told))) {
      told = now;
      changed.run();
    }
  }

  private void beat() {
    if (closed) {
      return;
    }
    expire();
    GrpcClientRequest<KeysWanted, GroupKeySecrets> open = stream;
    if (open == null) {
      return;
    }
    if (unanswered >= MOST_UNANSWERED) {
      ended(session, "no sign of life for %d s".formatted(unanswered * BEAT_MILLIS / 1000));
      return;
    }
    unanswered++;
    long mine = session;
    open.connection()
        .ping(PING)
        .onSuccess(
            ignored -> {
              if (mine == session) {
                unanswered = 0;
              }
            });
  }

  /** Without a key manager nobody says that a key is over: its time does. */
  private void expire() {
    Instant now = clock.instant();
    Map<String, Held> next = new HashMap<>(held);
    next.values()
        .removeIf(one -> !now.isBefore(one.publicHalf().notAfter().plus(GroupKeyStore.LINGER)));
    if (next.size() < held.size()) {
      replace(next);
    }
    tell();
  }

  private void ended(long mine, String why) {
    if (mine != session || closed) {
      return;
    }
    session++;
    peers.remove(mine);
    log.warn(
        "event={} key_manager={} reason=\"{}\" keys={} retry_millis={}",
        watching ? "keys_detached" : "keys_attach_failed",
        keyManager,
        why,
        held.size(),
        backOffMillis);
    watching = false;
    stream = null;
    closeClient();
    long jitter = ThreadLocalRandom.current().nextLong(backOffMillis / 4 + 1);
    long next = session;
    vertx.setTimer(
        backOffMillis + jitter,
        ignored ->
            context.runOnContext(
                v -> {
                  if (next == session) { // nobody dialled meanwhile
                    dial();
                  }
                }));
    backOffMillis = Math.min(backOffMillis * 2, MOST_BACK_OFF_MILLIS);
  }

  private void closeClient() {
    GrpcClient old = client;
    client = null;
    if (old != null) {
      old.close();
    }
  }

  /** Ends the link and forgets all keys. */
  @Override
  public void close() {
    context.runOnContext(
        ignored -> {
          closed = true;
          vertx.cancelTimer(beat);
          vertx.cancelTimer(look);
          closeClient();
          replace(Map.of());
        });
  }
}
