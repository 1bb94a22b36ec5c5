package org.cocoon.bench.evidence;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What one peer's evidence costs who checks it, from parsing alone to a remembered verdict. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class EvidenceBenchmark {
  private final SimulatedNode node = new SimulatedNode();
  private final byte[] quote = node.quote();
  private final byte[] reportData = SimulatedNode.reportData(quote);
  private final EvidenceVerifier known = node.verifier();
  private final PeerVerifier remembering = node.peers(16);
  private final PeerVerifier forgetful = node.peers(0);
  private final X509Certificate certificate = node.identity().certificate();

  /** Removes the node. */
  @TearDown
  public void stop() {
    node.close();
  }

  /** A quote is parsed. */
  @Benchmark
  public TdxQuote parse() {
    return TdxQuote.parse(quote);
  }

  /** A quote is verified; the collateral's signatures were checked before. */
  @Benchmark
  public Verdict coldKnownCollateral() {
    return trusted(known.verify(quote, reportData, SimulatedNode.ROLE, Instant.now()));
  }

  /** A quote is verified with collateral that nobody has looked at yet. */
  @Benchmark
  public Verdict coldNewCollateral() {
    return trusted(node.verifier().verify(quote, reportData, SimulatedNode.ROLE, Instant.now()));
  }

  /** A link certificate is checked with its evidence. */
  @Benchmark
  public PeerVerdict peerCold() {
    return accepted(forgetful.check(certificate));
  }

  /** A link certificate is checked whose evidence is known. */
  @Benchmark
  public PeerVerdict peerCached() {
    return accepted(remembering.check(certificate));
  }

  private static Verdict trusted(Verdict verdict) {
    if (!(verdict instanceof Verdict.Trusted)) {
      throw new IllegalStateException(verdict.toString());
    }
    return verdict;
  }

  private static PeerVerdict accepted(PeerVerdict verdict) {
    if (!(verdict instanceof PeerVerdict.Accepted)) {
      throw new IllegalStateException(verdict.toString());
    }
    return verdict;
  }
}
