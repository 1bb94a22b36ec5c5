package org.cocoon.link.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.cocoon.link.evidence.simulated.BadEvidence;
import org.cocoon.link.evidence.simulated.ChainCorpus;
import org.cocoon.link.evidence.simulated.CollateralCorpus;
import org.cocoon.link.evidence.simulated.DeviceCorpus;
import org.cocoon.link.evidence.simulated.ParsingCorpus;
import org.cocoon.link.evidence.simulated.PolicyCorpus;
import org.cocoon.link.evidence.simulated.RevocationCorpus;
import org.cocoon.link.evidence.simulated.SignatureCorpus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The corpus of bad evidence: everything that was thought of and must be refused, each for its own
 * reason, beside controls that are the same but for the fault and must be accepted.
 *
 * <p>That a refused peer cannot come back by resuming its TLS session is {@link AttestedTlsTest}'s
 * part.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EvidenceCorpusTest {
  private final Path dir;
  private final Path otherDir;
  private final AttestedNodes nodes;
  private final AtomicInteger refused = new AtomicInteger();

  EvidenceCorpusTest(@TempDir Path dir, @TempDir Path otherDir) {
    this.dir = dir;
    this.otherDir = otherDir;
    this.nodes = new AttestedNodes(dir);
  }

  @AfterAll
  void close() throws IOException {
    nodes.close();
    System.out.println("corpus: " + refused + " cases refused, each for its own reason");
  }

  @TestFactory
  Stream<DynamicTest> parsing() throws IOException {
    return tests(ParsingCorpus.cases(dir));
  }

  @TestFactory
  Stream<DynamicTest> signatures() throws IOException {
    return tests(SignatureCorpus.cases(dir));
  }

  @TestFactory
  Stream<DynamicTest> chain() throws IOException {
    return tests(ChainCorpus.cases(dir));
  }

  @TestFactory
  Stream<DynamicTest> revocation() throws IOException {
    return tests(RevocationCorpus.cases(dir));
  }

  @TestFactory
  Stream<DynamicTest> collateral() throws IOException {
    return tests(CollateralCorpus.cases(dir, otherDir));
  }

  @TestFactory
  Stream<DynamicTest> policy() throws IOException {
    return tests(PolicyCorpus.cases(dir));
  }

  @TestFactory
  Stream<DynamicTest> binding() throws IOException {
    return tests(BindingCorpus.cases(nodes));
  }

  @TestFactory
  Stream<DynamicTest> devices() throws IOException {
    return tests(DeviceCorpus.cases(dir));
  }

  private Stream<DynamicTest> tests(List<BadEvidence> cases) {
    assertTrue(cases.stream().anyMatch(BadEvidence::isControl), "without a control");
    return cases.stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> check(one)));
  }

  private void check(BadEvidence one) throws Exception {
    String outcome = one.outcome().call();
    if (one.isControl()) {
      assertEquals(BadEvidence.ACCEPTED, outcome);
    } else {
      assertTrue(
          outcome.startsWith(one.expected()),
          () -> "expected '" + one.expected() + "', and it was '" + outcome + "'");
      refused.incrementAndGet();
    }
  }
}
