package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;

/**
 * What collateral and policies consist of, before any signature is looked at: revocation lists, TCB
 * info, enclave identities, policy files. A policy that is read is written so that it is read as
 * the same.
 */
public final class DocumentTarget implements FuzzTarget {
  private static final int MAX_POLICY_BYTES = 1 << 20;

  private final List<byte[]> seeds;

  /** Makes documents under the workspace's root. */
  public DocumentTarget(FuzzWorkspace workspace) {
    seeds = workspace.seeds("document", () -> fresh(workspace.root()));
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    String text = new String(input, UTF_8);
    require(() -> RevocationList.parse(input));
    require(() -> TcbInfo.parse(text));
    require(() -> QeIdentity.parse(text));
    require(
        () -> {
          Policy policy = PolicyReader.read(input, MAX_POLICY_BYTES);
          Policy again = PolicyReader.read(policy.toJson().getBytes(UTF_8), MAX_POLICY_BYTES);
          // An empty list says what a missing one does, so the values may differ where texts do
          // not.
          if (!policy.toJson().equals(again.toJson())) {
            throw new AssertionError("a policy is read otherwise than it is written");
          }
        });
  }

  private interface Reading {
    void run() throws IOException, EvidenceRefusedException;
  }

  private static void require(Reading reading) {
    try {
      reading.run();
    } catch (EvidenceRefusedException e) {
      if (e.verdict().detail().isBlank()) {
        throw new AssertionError("a refusal without a detail", e);
      }
    } catch (IOException | IllegalArgumentException e) {
      if (String.valueOf(e.getMessage()).isBlank()) {
        throw new AssertionError("a refusal without a sentence", e);
      }
    }
  }

  private static List<byte[]> fresh(Path root) {
    try {
      TestNetwork network = new TestNetwork(root);
      Collateral made = network.collateral().revokeCa().make();
      return List.of(
          made.rootCaCrl(),
          made.tcbInfo().getBytes(UTF_8),
          made.qeIdentity().getBytes(UTF_8),
          network.policy().toJson().getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
