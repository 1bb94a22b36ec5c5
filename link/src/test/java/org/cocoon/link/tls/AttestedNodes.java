package org.cocoon.link.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.evidence.simulated.TestNetwork;

/** A router's and a worker's TEE under one test root, with the identities that they vouch for. */
final class AttestedNodes implements AutoCloseable {
  private final Policy policy;
  private final TestNetwork network;
  private final SimulatedTee routerTee;
  private final SimulatedTee workerTee;

  /** What any verifier made here refused. */
  final ConcurrentLinkedQueue<Refusal> refusals = new ConcurrentLinkedQueue<>();

  AttestedNodes(Path dir) {
    try {
      network = new TestNetwork(dir);
      policy = network.policy();
      routerTee = SimulatedTee.start(dir, Role.ROUTER, TestNetwork.IMAGE, TestNetwork.CLOCK);
      workerTee = SimulatedTee.start(dir, Role.WORKER, TestNetwork.IMAGE, TestNetwork.CLOCK);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Policy policy() {
    return policy;
  }

  /** Makes collateral of the simulated platforms. */
  TestNetwork network() {
    return network;
  }

  /** The TEE of a node that was started in this role. */
  TsmReports tee(Role role) {
    return new TsmReports((role == Role.ROUTER ? routerTee : workerTee).reportsFolder());
  }

  LinkIdentity identity(Role role) throws IOException {
    return LinkIdentity.create(role, tee(role), TestNetwork.CLOCK);
  }

  PeerVerifier expecting(Role peer, int cachedVerdicts) {
    return expecting(peer, cachedVerdicts, TestNetwork.CLOCK);
  }

  PeerVerifier expecting(Role peer, int cachedVerdicts, InstantSource clock) {
    return new PeerVerifier(
        peer, new EvidenceVerifier(policy), clock, cachedVerdicts, refusals::add);
  }

  @Override
  public void close() throws IOException {
    routerTee.close();
    workerTee.close();
  }
}
