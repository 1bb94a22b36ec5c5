package org.cocoon.link.node;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.OnChange;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.link.tls.CollateralFeed;
import org.cocoon.link.tls.CollateralLog;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PeerWatch;
import org.cocoon.link.tls.PolicyFeed;
import org.cocoon.link.tls.PolicyWatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a program accepts of its peers, for as long as it runs: a policy, from a file or from the
 * registry, and collateral, and the verifiers that judge by what is in force of both.
 *
 * <p>Safe for use by many threads.
 */
public final class NodeTrust implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(NodeTrust.class);

  private final InstantSource clock;
  private final Consumer<String> changed;
  private final Optional<RegistryFeed> registry;
  private final PolicyFeed policies;
  private final CollateralFeed collateral;
  private final List<PeerVerifier> verifiers = new CopyOnWriteArrayList<>();
  private volatile EvidenceVerifier verifier;
  private volatile String policyDigest;
  private volatile @Nullable Own own;

  /** This program's own evidence, and what came of checking it by the version named. */
  private record Own(
      Supplier<LinkIdentity> identity, String hint, byte[] version, PeerVerdict verdict) {}

  private NodeTrust(
      EvidenceOptions options, Optional<Path> keep, InstantSource clock, Consumer<String> changed)
      throws IOException {
    this.clock = clock;
    this.changed = changed;
    PolicyWatch.Listener listener =
        new PolicyWatch.Listener() {
          @Override
          public void changed(Policy policy) {
            use(policy);
          }

          @Override
          public void unreadable(String reason) {
            log.error("event=policy_unreadable kept={} reason=\"{}\"", policyDigest, reason);
          }
        };
    this.registry =
        switch (options.policy()) {
          case PolicySource.File _ -> Optional.empty();
          case PolicySource.Registry(RegistryOptions chain) ->
              Optional.of(RegistryFeed.open(remembering(chain, keep), clock));
        };
    this.policies =
        switch (options.policy()) {
          case PolicySource.File(Path file) -> PolicyWatch.open(file, listener);
          case PolicySource.Registry _ -> new RegistryPolicy(registry.orElseThrow(), listener);
        };
    this.policyDigest = PolicyWatch.shortDigest(policies.current());
    try {
      this.collateral =
          CollateralFeed.open(
              options.collateral(),
              keep,
              this::roots,
              clock,
              new CollateralLog(clock, () -> changed.accept("the collateral changed")));
    } catch (IOException e) {
      registry.ifPresent(RegistryFeed::close);
      throw e;
    }
    this.verifier = new EvidenceVerifier(policies.current(), collateral.source());
  }

  /**
   * Reads the policy, and begins to fetch collateral; blocks for up to ten seconds where a registry
   * is asked.
   *
   * @param keep folder that holds collateral over a restart, if there is one; what is remembered of
   *     a registry lies beside it
   * @param changed hears why everything may have to be judged again, on the thread that found out;
   *     must not block, and may be called before this returns
   * @throws IOException a sentence, if the policy cannot be read or there is no such collateral
   */
  public static NodeTrust open(
      EvidenceOptions options, Optional<Path> keep, InstantSource clock, Consumer<String> changed)
      throws IOException {
    NodeTrust trust = new NodeTrust(options, keep, clock, changed);
    log.info("event=policy_in_force policy={}", trust.policyDigest);
    CollateralLog.warnIfMissing(trust.collateral, trust.policies.current());
    return trust;
  }

  /** Beside the collateral, unless another place was named. */
  private static RegistryOptions remembering(RegistryOptions chain, Optional<Path> keep) {
    return chain.state().isEmpty() && keep.isPresent()
        ? chain.rememberingIn(keep.get().resolveSibling("registry"))
        : chain;
  }

  /** The registry that the policy comes from, where it comes from one. */
  public Optional<RegistryFeed> registry() {
    return registry;
  }

  private Set<String> roots() {
    Set<String> all = new HashSet<>(policies.current().trustedRoots());
    all.addAll(policies.current().simulatedRoots());
    return all;
  }

  private void use(Policy policy) {
    String before = policyDigest;
    policyDigest = PolicyWatch.shortDigest(policy);
    EvidenceVerifier next = new EvidenceVerifier(policy, collateral.source());
    verifier = next;
    verifiers.forEach(one -> one.use(next));
    log.info("event=policy_in_force policy={} before={}", policyDigest, before);
    CollateralLog.warnIfMissing(collateral, policy);
    changed.accept("the policy changed");
  }

  /**
   * Makes a verifier of peers, which follows policy and collateral from now on. To be called before
   * the first {@link #poll}.
   *
   * @param cachedVerdicts how many verdicts it remembers
   */
  public PeerVerifier expecting(Role role, int cachedVerdicts) {
    PeerVerifier made =
        new PeerVerifier(
            role,
            verifier,
            clock,
            cachedVerdicts,
            refusal ->
                log.warn(
                    "event=evidence_refused role={} peer={} reason={} detail=\"{}\"",
                    role.word(),
                    refusal.peer(),
                    refusal.reason(),
                    refusal.detail()));
    made.refuseNew(policies.closed());
    verifiers.add(made);
    return made;
  }

  /** Checks by what is in force now. */
  public EvidenceVerifier verifier() {
    return verifier;
  }

  /** Names the policy in force for logs and status: the first 16 digits of its digest. */
  public String policyDigest() {
    return policyDigest;
  }

  /** Whether the policy lets links finish what runs on them, where it or the collateral changed. */
  public boolean drains() {
    return policies.current().onChange() == OnChange.DRAIN;
  }

  /** Fetches the collateral of this program's own platform; blocks for at most some seconds. */
  public void prefetch(Optional<PlatformName> platform) {
    collateral.prefetch(platform);
  }

  /**
   * Checks this program's own evidence as a peer with its policy would, now and whenever policy or
   * collateral have changed, and tells the log if it is refused.
   *
   * @param hint what follows from a refusal, for the log
   */
  public void checkOwn(Supplier<LinkIdentity> identity, String hint) {
    prefetch(identity.get().platform());
    checkOwn(new Own(identity, hint, new byte[0], new PeerVerdict.Refused("", "")));
  }

  /** What came of the last check of this program's own evidence; empty before the first. */
  public Optional<PeerVerdict> own() {
    return Optional.ofNullable(own).map(Own::verdict);
  }

  private void checkOwn(Own before) {
    EvidenceVerifier current = verifier;
    byte[] version = current.version();
    if (Arrays.equals(version, before.version())) {
      return;
    }
    PeerVerdict verdict = before.identity().get().verdict(current);
    own = new Own(before.identity(), before.hint(), version, verdict);
    if (verdict instanceof PeerVerdict.Refused refused) {
      log.warn(
          "event=own_evidence_refused reason={} detail=\"{}\" hint=\"{}\"",
          refused.reason(),
          refused.detail(),
          before.hint());
    }
  }

  /** Looks whether the policy has changed; blocks for no longer than reading a file takes. */
  public void poll() {
    policies.poll();
    Optional<PeerVerdict.Refused> shut = policies.closed();
    verifiers.forEach(one -> one.refuseNew(shut));
    Own before = own;
    if (before != null) {
      checkOwn(before);
    }
  }

  /**
   * Begins to poll, and to judge again the peers of links that are up.
   *
   * @param lost hears of links that must end, on the context that this is called on
   * @return to which links are added; belongs to that context
   */
  public <L> PeerWatch<L> follow(Vertx vertx, PeerVerifier peers, PeerWatch.Lost<L> lost) {
    Context loop = vertx.getOrCreateContext();
    PeerWatch<L> watch =
        new PeerWatch<>(
            peers,
            clock,
            task -> vertx.executeBlocking(Executors.callable(task), false),
            task -> loop.runOnContext(ignored -> task.run()),
            lost);
    loop.runOnContext(
        started ->
            vertx.setPeriodic(
                PolicyWatch.PERIOD_MILLIS,
                ignored -> {
                  watch.tick();
                  vertx
                      .executeBlocking(Executors.callable(this::poll), false)
                      .onSuccess(polled -> watch.tick());
                }));
    return watch;
  }

  /** Ends the fetching of collateral, and the reading of the registry. */
  @Override
  public void close() {
    collateral.close();
    policies.close();
    registry.ifPresent(RegistryFeed::close);
  }
}
