package org.cocoon.client.attested;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.cocoon.client.pay.Payment;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.link.tls.Refusal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything between a client and one router: whom it believes, the attested connections, the group
 * keys, and the sealed requests that run.
 *
 * <p>Belongs to one event loop: {@link #open} is called on it, and so is everything else. The
 * policy is looked at four times a second; what it does not allow any longer ends within a second.
 */
public final class SealedSession {
  private static final Logger log = LoggerFactory.getLogger(SealedSession.class);

  private final Vertx vertx;
  private final Optional<String> routerKey;
  private final TrustedPeers peers;
  private final AttestedRouter router;
  private final GroupKeyCache keys;
  private final Set<SealedCall> running = new HashSet<>();
  private final long timer;
  private long sealed;
  private final Till till;
  private boolean polling;

  private SealedSession(Vertx vertx, Options options, TrustedPeers peers) {
    this.vertx = vertx;
    this.routerKey = options.routerKey;
    this.peers = peers;
    this.router =
        new AttestedRouter(
            vertx, options.router, peers.routers(), options.clock, options.maxStreams, this::lost);
    this.keys = new GroupKeyCache(vertx, router, peers, options.clock);
    this.till = new Till(this, options.payment, options.clock);
    this.timer = vertx.setPeriodic(PolicyWatch.PERIOD_MILLIS, _ -> tick());
  }

  /**
   * What a session is opened with.
   *
   * @param router {@code https://host:port} of a router's attested API
   * @param policy says whose evidence is accepted
   * @param collateral by which platforms are checked
   * @param clock gives the time of each check
   * @param maxStreams requests that may run at the same time, at least 1
   * @param routerKey the key that must sign the router's receipts, base64url without padding;
   *     empty: any
   * @param payment by vouchers; empty: the API key's account has money otherwise
   */
  public record Options(
      URI router,
      PolicyPlace policy,
      CollateralSource collateral,
      InstantSource clock,
      int maxStreams,
      Optional<String> routerKey,
      Optional<Payment> payment) {

    /** Checks the address: evidence shows only behind TLS. */
    public Options {
      if (!"https".equalsIgnoreCase(router.getScheme()) || router.getHost() == null) {
        throw new IllegalArgumentException(
            "the router's address must be like https://127.0.0.1:8444, not "
                + router
                + ": a router shows its evidence in the TLS handshake of its attested API, and"
                + " without evidence nothing is sent to it");
      }
    }

    /** The same with a policy file, and any router behind the address that it accepts. */
    public Options(
        URI router,
        Path policy,
        CollateralSource collateral,
        InstantSource clock,
        int maxStreams,
        Optional<Payment> payment) {
      this(
          router,
          new PolicyPlace.File(policy),
          collateral,
          clock,
          maxStreams,
          Optional.empty(),
          payment);
    }
  }

  /**
   * Opens a session on the calling event loop; connects at the first request.
   *
   * @throws IOException a sentence, if the policy cannot be read
   * @throws IllegalStateException a sentence, if this platform has no BoringSSL
   */
  public static SealedSession open(Vertx vertx, Options options) throws IOException {
    if (!Context.isOnEventLoopThread()) {
      throw new IllegalStateException("a session belongs to an event loop");
    }
    String address = options.router.getAuthority();
    TrustedPeers peers =
        new TrustedPeers(
            options.policy,
            options.collateral,
            options.clock,
            refusal -> logRefusal(address, refusal));
    return new SealedSession(vertx, options, peers);
  }

  private static void logRefusal(String router, Refusal refusal) {
    log.warn(
        "event=router_refused router={} reason={} detail=\"{}\" connected=false",
        router,
        refusal.reason(),
        refusal.detail());
  }

  // ------------------------------------------------------------------ asking

  /**
   * Seals a request and has it answered.
   *
   * @param key the API key; empty: none
   * @param listener hears the answer; nothing before this method returns
   */
  public SealedCall ask(ParsedRequest request, Optional<String> key, AnswerListener listener) {
    SealedCall call = new SealedCall(this, request, key, listener);
    running.add(call);
    vertx.runOnContext(_ -> call.start());
    return call;
  }

  /**
   * Fetches something that is no secret, such as the list of models.
   *
   * @param path with a leading slash
   * @return the router's answer, whatever its status; fails with a {@link SealedException}
   */
  public Future<RouterReply> get(String path, Optional<String> key) {
    return RouterReply.whole(router.request(HttpMethod.GET, path, key));
  }

  /** Verifies the group key of a model, so that it is at hand; fails as {@link #ask} would. */
  public Future<Attestation> verify(String model, Optional<String> key) {
    return keys.of(model, key).map(_ -> attestation());
  }

  /** The last receipt that was verified, in the form of routers; empty before the first. */
  public String lastReceipt() {
    return till.lastReceipt();
  }

  /** What was verified so far. */
  public Attestation attestation() {
    List<Attestation.ModelKey> models =
        keys.known().stream()
            .map(GroupKeyCache.Verified::shown)
            .sorted(Comparator.comparing(Attestation.ModelKey::model))
            .toList();
    return new Attestation(
        router.address(), router.evidence(), models, peers.policyDigest(), sealed, running.size());
  }

  // ------------------------------------------------------------------ for calls

  Till till() {
    return till;
  }

  /** The router's address, for people. */
  String address() {
    return router.address().getAuthority();
  }

  GroupKeyCache keys() {
    return keys;
  }

  AttestedRouter router() {
    return router;
  }

  /** Does work that would hold the event loop up. */
  <T> Future<T> aside(Callable<T> work) {
    return vertx.executeBlocking(work, false);
  }

  /** What is wrong with the receipt of an answer; empty if nothing is, or any would do. */
  Optional<String> receiptFault(JsonNode usage) {
    return routerKey.flatMap(key -> ReceiptPin.fault(usage.path("receipt").asText(), key));
  }

  void sealedOne() {
    sealed++;
  }

  void ended(SealedCall call) {
    running.remove(call);
  }

  // ------------------------------------------------------------------ evidence while it runs

  private void tick() {
    router.tick();
    if (!polling) {
      polling = true;
      vertx
          .executeBlocking(
              () -> {
                peers.poll();
                return true;
              },
              false)
          .onComplete(
              _ -> {
                polling = false;
                router.tick();
              });
    }
  }

  private void lost(HttpConnection connection, Failure failure) {
    for (SealedCall call : new ArrayList<>(running)) {
      if (call.uses(connection)) {
        call.fail(failure);
      }
    }
  }

  // ------------------------------------------------------------------ the end

  /** Ends every request with an error, then closes the connections. */
  public Future<Void> close(Failure farewell) {
    vertx.cancelTimer(timer);
    for (SealedCall call : new ArrayList<>(running)) {
      call.fail(farewell);
    }
    return router.close();
  }
}
