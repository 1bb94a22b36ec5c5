package org.cocoon.link.keys;

import com.google.protobuf.ByteString;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.grpc.common.GrpcStatus;
import io.vertx.grpc.server.GrpcServer;
import io.vertx.grpc.server.GrpcServerOptions;
import io.vertx.grpc.server.GrpcServerRequest;
import io.vertx.grpc.server.GrpcServerResponse;
import java.security.cert.Certificate;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.wire.GroupKeySecret;
import org.cocoon.link.wire.GroupKeySecrets;
import org.cocoon.link.wire.Keys;
import org.cocoon.link.wire.KeysWanted;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where workers watch their models' keys. The TLS layer has verified a worker's evidence before a
 * byte arrives here, and no key goes out without its being judged once more by the policy of that
 * moment: a worker that a change of policy shuts out must not get the key that is made for it.
 *
 * <p>All state belongs to one Vert.x context.
 */
final class KeyServer {
  private static final Logger log = LoggerFactory.getLogger(KeyServer.class);
  private static final int MAX_WATCHERS = 20_000;
  private static final int ID_DIGITS = 16;
  private static final long WANTED_MILLIS = 10_000;

  private final Vertx vertx;
  private final Context context;
  private final GroupKeyStore store;
  private final PeerVerifier workers;
  private final Statements statements;
  private final PeerWatch<Watcher> peers;
  private final Set<Watcher> watchers = new HashSet<>();

  /** Serves on the current context. */
  KeyServer(
      Vertx vertx,
      GroupKeyStore store,
      PeerVerifier workers,
      LinkIdentity identity,
      InstantSource clock) {
    this.vertx = vertx;
    this.context = vertx.getOrCreateContext();
    this.store = store;
    this.workers = workers;
    this.statements = new Statements(identity);
    this.peers =
        new PeerWatch<>(
            workers,
            clock,
            task -> vertx.executeBlocking(done(task), false),
            task -> context.runOnContext(ignored -> task.run()),
            this::lost);
  }

  private static Callable<Boolean> done(Runnable task) {
    return () -> {
      task.run();
      return true;
    };
  }

  /** The handler for an HTTP/2 server with attested TLS. */
  GrpcServer handler() {
    GrpcServer server =
        GrpcServer.server(vertx, new GrpcServerOptions().setMaxMessageSize(Keys.MAX_BYTES));
    server.callHandler(Keys.server(), this::attach);
    return server;
  }

  /** Makes and forgets keys by the clock, and judges who is due; to be called often. */
  void tick() {
    peers.tick();
    Set<String> wanted =
        watchers.stream().flatMap(watcher -> watcher.models.stream()).collect(Collectors.toSet());
    tell(store.advance(wanted), "the epoch ended");
  }

  /**
   * Makes new keys at once, since somebody who has the old ones may no longer have them: to be
   * called after every change of what workers are judged by.
   */
  void renewKeys(String why) {
    peers.tick();
    tell(store.renewAll(), why);
  }

  /** Signs all statements anew if this is another identity. */
  void use(LinkIdentity identity) {
    if (statements.use(identity)) {
      log.info("event=identity_renewed id={}", identity.id());
      watchers.forEach(Watcher::deliver);
    }
  }

  /** How many workers watch. */
  int watching() {
    return watchers.size();
  }

  /** Forgets all keys. */
  void close() {
    store.forgetAll();
    List.copyOf(watchers).forEach(watcher -> watcher.over("the key manager stops"));
  }

  private void tell(Set<String> changed, String why) {
    if (changed.isEmpty()) {
      return;
    }
    for (String model : changed) {
      List<GroupSecret> keys = store.held(model);
      if (!keys.isEmpty()) {
        GroupPublicKey newest = keys.getFirst().publicHalf();
        log.info(
            "event=keys_changed model={} key_id={} epoch={} not_after={} held={} reason=\"{}\"",
            model,
            newest.keyId(),
            newest.epoch(),
            newest.notAfter(),
            keys.size(),
            why);
      }
    }
    statements.retain(store.heldIds());
    for (Watcher watcher : watchers) {
      if (watcher.models.stream().anyMatch(changed::contains)) {
        watcher.deliver();
      }
    }
  }

  private void lost(Watcher watcher, PeerVerdict.Refused why, boolean changed) {
    watcher.over(why.reason() + ": " + why.detail());
  }

  private void attach(GrpcServerRequest<KeysWanted, GroupKeySecrets> request) {
    Watcher watcher = new Watcher(request);
    request.handler(watcher::wants);
    request.exceptionHandler(fault -> watcher.over("its stream broke"));
    request.errorHandler(error -> watcher.over(error.toString()));
    request.invalidMessageHandler(ignored -> watcher.over("a message that is no message"));
    request.connection().closeHandler(ignored -> watcher.over("the connection closed"));
    vertx.setTimer(WANTED_MILLIS, ignored -> watcher.wantedDue());
  }

  /** One worker that watches, from its first message to its end. */
  private final class Watcher {
    private final GrpcServerRequest<KeysWanted, GroupKeySecrets> request;
    private final GrpcServerResponse<KeysWanted, GroupKeySecrets> response;
    private Set<String> models = Set.of();
    private @Nullable Certificate certificate;
    private String id = "";
    private boolean judging;
    private boolean outdated;
    private boolean over;

    Watcher(GrpcServerRequest<KeysWanted, GroupKeySecrets> request) {
      this.request = request;
      this.response = request.response();
    }

    void wants(KeysWanted wanted) {
      String wrong = over || certificate != null ? "it asked twice" : wrong(wanted);
      if (wrong != null) {
        refuse(wrong);
        return;
      }
      try {
        Certificate peer = request.connection().peerCertificates().getFirst();
        certificate = peer;
        id = Digests.sha256Hex(peer.getPublicKey().getEncoded()).substring(0, ID_DIGITS);
      } catch (SSLPeerUnverifiedException e) {
        refuse("no verified evidence on this link");
        return;
      }
      models = Set.copyOf(wanted.getModelsList());
      models.forEach(store::keysOf); // takes the room that was found
      watchers.add(this);
      deliver();
    }

    void wantedDue() {
      if (certificate == null && !over) {
        refuse("no question within %d s".formatted(WANTED_MILLIS / 1000));
      }
    }

    private void refuse(String why) {
      if (over) {
        return;
      }
      over = true;
      watchers.remove(this);
      peers.remove(this);
      log.warn(
          "event=watcher_refused peer={} reason=\"{}\"", request.connection().remoteAddress(), why);
      response.status(GrpcStatus.FAILED_PRECONDITION).statusMessage(why);
      response.end();
    }

    /** Judges the worker, off the loop, and sends it the keys of that moment if it is trusted. */
    void deliver() {
      Certificate peer = certificate;
      if (over || peer == null) {
        return;
      }
      if (judging) {
        outdated = true;
        return;
      }
      judging = true;
      vertx
          .executeBlocking(() -> workers.judge(peer), false)
          .onComplete(judged -> context.runOnContext(ignored -> judged(peer, judged.result())));
    }

    private void judged(Certificate peer, PeerVerifier.@Nullable Judgement judged) {
      judging = false;
      if (over) {
        return;
      }
      if (judged == null) {
        over("it could not be judged");
        return;
      }
      if (judged.version() != workers.version() || outdated) {
        outdated = false;
        deliver();
        return;
      }
      switch (judged.verdict()) {
        case PeerVerdict.Refused refused -> over(refused.reason() + ": " + refused.detail());
        case PeerVerdict.Accepted(Verdict.Trusted trusted) -> {
          peers.add(this, peer, judged);
          send(trusted);
        }
      }
    }

    private void send(Verdict.Trusted trusted) {
      if (response.writeQueueFull()) {
        over("it reads nothing");
        return;
      }
      GroupKeySecrets.Builder secrets = GroupKeySecrets.newBuilder();
      for (String model : models) {
        for (GroupSecret key : store.keysOf(model)) {
          secrets.addKeys(
              GroupKeySecret.newBuilder()
                  .setStatement(statements.of(key.publicHalf()))
                  .setPrivateKey(ByteString.copyFrom(key.privateKey())));
        }
      }
      response.write(secrets.build());
      log.info(
          "event=keys_sent worker={} image={} models={} keys={} simulated={}",
          id,
          trusted.imageHash(),
          models,
          secrets.getKeysCount(),
          trusted.simulated());
    }

    void over(String why) {
      if (over) {
        return;
      }
      over = true;
      peers.remove(this);
      request.connection().close();
      if (watchers.remove(this)) {
        log.info("event=watcher_detached worker={} reason=\"{}\"", id, why);
      }
    }
  }

  /** What is wrong with a question, or null. */
  private @Nullable String wrong(KeysWanted wanted) {
    if (watchers.size() >= MAX_WATCHERS) {
      return "this key manager has %d watchers, which is its limit".formatted(MAX_WATCHERS);
    }
    if (wanted.getModelsCount() < 1 || wanted.getModelsCount() > Keys.MAX_MODELS) {
      return "a worker asks for 1 to %d models".formatted(Keys.MAX_MODELS);
    }
    Set<String> models = new HashSet<>(wanted.getModelsList());
    if (models.size() != wanted.getModelsCount()) {
      return "a model stands twice in the question";
    }
    if (!models.stream().allMatch(KeyServer::plain)) {
      return "a model's name is 1 to %d printable characters"
          .formatted(GroupPublicKey.MAX_MODEL_CHARS);
    }
    return store.hasRoomFor(models)
        ? null
        : "this key manager has keys of %d models, which is its limit"
            .formatted(GroupKeyStore.MAX_MODELS);
  }

  private static boolean plain(String name) {
    return !name.isEmpty()
        && name.length() <= GroupPublicKey.MAX_MODEL_CHARS
        && name.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '"' && c != '\\');
  }
}
