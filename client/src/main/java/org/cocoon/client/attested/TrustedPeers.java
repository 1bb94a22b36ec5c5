package org.cocoon.client.attested;

import java.io.IOException;
import java.time.InstantSource;
import java.util.function.Consumer;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.PolicyFeed;
import org.cocoon.link.tls.PolicyWatch;
import org.cocoon.link.tls.Refusal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whom this client believes: one policy, in force for routers and for key managers alike, and
 * followed when it changes. Safe for use by many threads.
 */
final class TrustedPeers {
  private static final Logger log = LoggerFactory.getLogger(TrustedPeers.class);
  private static final int CACHED_VERDICTS = 64;

  private final CollateralSource collateral;
  private final PeerVerifier routers;
  private final PeerVerifier keyManagers;
  private final PolicyFeed policy;
  private volatile long collateralVersion;

  /**
   * Reads the policy.
   *
   * @param collateral by which platforms are checked
   * @param refusals told of each refused handshake, on the handshake's thread
   * @throws IOException a sentence, if the policy cannot be read
   */
  TrustedPeers(
      PolicyPlace place,
      CollateralSource collateral,
      InstantSource clock,
      Consumer<Refusal> refusals)
      throws IOException {
    this.collateral = collateral;
    this.collateralVersion = collateral.version();
    this.policy = place.open(new Changes());
    EvidenceVerifier first = new EvidenceVerifier(policy.current(), collateral);
    this.routers = new PeerVerifier(Role.ROUTER, first, clock, CACHED_VERDICTS, refusals);
    this.keyManagers = new PeerVerifier(Role.KEYS, first, clock, CACHED_VERDICTS, refusals);
    routers.refuseNew(policy.closed());
  }

  private final class Changes implements PolicyWatch.Listener {
    @Override
    public void changed(Policy changed) {
      use(changed);
      log.info("event=policy_changed digest={}", PolicyWatch.shortDigest(changed));
    }

    @Override
    public void unreadable(String reason) {
      log.warn("event=policy_unreadable reason=\"{}\" kept={}", reason, policyDigest());
    }
  }

  private void use(Policy policy) {
    EvidenceVerifier next = new EvidenceVerifier(policy, collateral);
    routers.use(next);
    keyManagers.use(next);
  }

  PeerVerifier routers() {
    return routers;
  }

  PeerVerifier keyManagers() {
    return keyManagers;
  }

  /** Differs whenever a verdict may differ. */
  long version() {
    return keyManagers.version();
  }

  /** The policy's name in logs and status. */
  String policyDigest() {
    return PolicyWatch.shortDigest(policy.current());
  }

  /** Looks at the policy and the collateral; blocks for as long as reading the file takes. */
  void poll() {
    policy.poll();
    routers.refuseNew(policy.closed());
    long version = collateral.version();
    if (version != collateralVersion) {
      collateralVersion = version;
      use(policy.current());
    }
  }
}
