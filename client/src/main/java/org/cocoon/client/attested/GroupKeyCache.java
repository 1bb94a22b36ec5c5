package org.cocoon.client.attested;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.io.ByteArrayInputStream;
import java.net.URLEncoder;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.seal.StatementVerifier.Checked;
import org.cocoon.link.wire.GroupKeyStatement;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The group keys that prompts are sealed to: fetched from the router, believed only by the key
 * manager's signature and evidence, and kept until shortly before their end. Belongs to one event
 * loop.
 */
final class GroupKeyCache {
  private static final Logger log = LoggerFactory.getLogger(GroupKeyCache.class);
  private static final int MAX_MODELS = 256;
  private static final int MAX_STATEMENTS = 4;

  /** A prompt is on its way for a while before a worker opens it. */
  private static final Duration MARGIN = Duration.ofSeconds(30);

  /**
   * A key that was verified.
   *
   * @param key what to seal to
   * @param manager what was verified of the key manager
   * @param policyVersion what it was verified by
   */
  record Verified(GroupPublicKey key, PeerEvidence manager, long policyVersion) {
    Attestation.ModelKey shown() {
      return new Attestation.ModelKey(key.model(), key.keyId(), key.epoch(), end(), manager);
    }

    Instant end() {
      Instant evidence = manager.verdict().notAfter();
      return evidence.isBefore(key.notAfter()) ? evidence : key.notAfter();
    }
  }

  private final Vertx vertx;
  private final AttestedRouter router;
  private final TrustedPeers peers;
  private final StatementVerifier statements;
  private final InstantSource clock;
  private final Map<String, Verified> verified =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Verified> eldest) {
          return size() > MAX_MODELS;
        }
      };
  private final Map<String, Future<Verified>> underWay = new HashMap<>();

  GroupKeyCache(Vertx vertx, AttestedRouter router, TrustedPeers peers, InstantSource clock) {
    this.vertx = vertx;
    this.router = router;
    this.peers = peers;
    this.statements = new StatementVerifier(peers.keyManagers(), clock);
    this.clock = clock;
  }

  /** The keys that are known now. */
  Collection<Verified> known() {
    return List.copyOf(verified.values());
  }

  /**
   * The key of a model: the one at hand, or a fresh one. Requests that come while it is fetched
   * share it.
   *
   * @param key whose account asks the router
   * @return fails with a {@link SealedException}
   */
  Future<Verified> of(String model, Optional<String> key) {
    Verified known = verified.get(model);
    if (known != null
        && known.policyVersion() == peers.version()
        && clock.instant().isBefore(known.end().minus(MARGIN))) {
      return Future.succeededFuture(known);
    }
    Future<Verified> running = underWay.get(model);
    if (running != null) {
      return running;
    }
    Future<Verified> fetch = fetch(model, key);
    if (!fetch.isComplete()) {
      underWay.put(model, fetch);
      fetch.onComplete(_ -> underWay.remove(model));
    }
    return fetch;
  }

  /** Forgets a key that no worker has any more. */
  void forget(String model, String keyId) {
    verified.computeIfPresent(
        model, (_, known) -> known.key().keyId().equals(keyId) ? null : known);
  }

  private Future<Verified> fetch(String model, Optional<String> key) {
    String path = "/v1/group-keys?model=" + URLEncoder.encode(model, UTF_8);
    return RouterReply.whole(router.request(HttpMethod.GET, path, key))
        .compose(
            reply ->
                reply.ok()
                    ? Future.succeededFuture(read(reply.body()))
                    : Future.failedFuture(new SealedException(reply.failure())))
        .compose(found -> verifyAside(model, found))
        .onSuccess(
            fresh -> {
              verified.put(model, fresh);
              log.info(
                  "event=group_key_verified key={} epoch={} until={} simulated={}",
                  fresh.key().keyId(),
                  fresh.key().epoch(),
                  fresh.end(),
                  fresh.manager().verdict().simulated());
            });
  }

  private static List<GroupKeyStatement> read(Buffer body) {
    List<GroupKeyStatement> found = new ArrayList<>();
    JsonNode data = RouterReply.parse(body).path("data");
    try {
      for (int i = 0; i < Math.min(data.size(), MAX_STATEMENTS); i++) {
        byte[] statement = Base64.getDecoder().decode(data.path(i).path("statement").asText());
        found.add(GroupKeyStatement.parseFrom(statement));
      }
    } catch (IllegalArgumentException | InvalidProtocolBufferException e) {
      throw new SealedException(Failure.notUnderstood("a group key's statement is malformed"));
    }
    return found;
  }

  private Future<Verified> verifyAside(String model, List<GroupKeyStatement> found) {
    Callable<Verified> work = () -> verify(model, found);
    return vertx.executeBlocking(work, false);
  }

  /** The newest statement that can be believed. */
  private Verified verify(String model, List<GroupKeyStatement> found) {
    if (found.isEmpty()) {
      throw new SealedException(noKey(model));
    }
    Checked.@Nullable Refused first = null;
    for (GroupKeyStatement statement : found) {
      long version = peers.version();
      switch (statements.verify(statement, model)) {
        case Checked.Good good -> {
          return new Verified(good.key(), manager(statement, good), version);
        }
        case Checked.Refused refused -> first = first == null ? refused : first;
      }
    }
    String reason = first == null ? "" : first.reason();
    String detail = first == null ? "" : first.detail();
    log.warn("event=group_key_refused reason={} detail=\"{}\"", reason, detail);
    throw new SealedException(Failure.keysRefused(model, reason, detail));
  }

  private PeerEvidence manager(GroupKeyStatement statement, Checked.Good good) {
    try {
      return new PeerEvidence(
          good.evidence(),
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(statement.getCertificate().toByteArray())),
          clock.instant());
    } catch (CertificateException e) {
      throw new IllegalStateException("a certificate that was verified cannot be read", e);
    }
  }

  private static Failure noKey(String model) {
    return new Failure(
        503,
        "server_error",
        "No worker of '%s' holds a group key, so nothing can be sealed to it: try again later."
            .formatted(model),
        "model",
        "no_group_key",
        true,
        5);
  }
}
