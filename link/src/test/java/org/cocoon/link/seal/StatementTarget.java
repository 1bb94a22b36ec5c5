package org.cocoon.link.seal;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.cert.CertificateEncodingException;
import java.util.List;
import java.util.function.Supplier;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.cocoon.link.fuzz.FuzzTarget;
import org.cocoon.link.fuzz.FuzzWorkspace;
import org.cocoon.link.seal.StatementVerifier.Checked;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;

/** A statement of a group key, with its key manager's certificate and evidence, verified. */
public final class StatementTarget implements FuzzTarget {
  private static final long SEED = 20260305;

  private final List<byte[]> seeds;
  private final ByteString signedKey;
  private final StatementVerifier verifier;

  /** Makes a statement under the workspace's root, or finds that of an earlier run. */
  public StatementTarget(FuzzWorkspace workspace) {
    try {
      // Any role will do for a fuzzer; the test network has images of these two.
      PeerVerifier peers =
          new PeerVerifier(
              Role.WORKER,
              new EvidenceVerifier(new TestNetwork(workspace.root()).policy()),
              TestNetwork.CLOCK,
              0,
              _ -> {});
      verifier = new StatementVerifier(peers, TestNetwork.CLOCK);
      Supplier<List<byte[]>> maker = () -> List.of(fresh(workspace).toByteArray());
      seeds = workspace.seeds("statement", maker);
      signedKey = GroupKeyStatement.parseFrom(seeds.getFirst()).getKey();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!(check(seeds.getFirst()) instanceof Checked.Good)) {
      throw new IllegalStateException("the seed is refused: " + check(seeds.getFirst()));
    }
  }

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    if (check(input) instanceof Checked.Refused(String reason, String detail)
        && (reason.isBlank() || detail.isBlank())) {
      throw new AssertionError("a refusal without a reason");
    }
  }

  private Checked check(byte[] input) {
    try {
      GroupKeyStatement statement = GroupKeyStatement.parseFrom(input);
      Checked checked = verifier.verify(statement, Group.MODEL);
      if (checked instanceof Checked.Good && !statement.getKey().equals(signedKey)) {
        throw new AssertionError("a key that nobody signed is good");
      }
      return checked;
    } catch (InvalidProtocolBufferException e) {
      return new Checked.Refused("PROTOBUF", "no statement");
    }
  }

  private static GroupKeyStatement fresh(FuzzWorkspace workspace) {
    try (SimulatedTee tee =
        SimulatedTee.start(workspace.root(), Role.WORKER, TestNetwork.IMAGE, TestNetwork.CLOCK)) {
      LinkIdentity identity =
          LinkIdentity.create(Role.WORKER, new TsmReports(tee.reportsFolder()), TestNetwork.CLOCK);
      GroupPublicKey key = new Group(SEED).publicKey;
      ByteString said =
          GroupKey.newBuilder()
              .setKeyId(key.keyId())
              .setModel(key.model())
              .setEpoch(key.epoch())
              .setPublicKey(ByteString.copyFrom(key.publicKey()))
              .setNotBeforeMillis(key.notBefore().toEpochMilli())
              .setNotAfterMillis(key.notAfter().toEpochMilli())
              .build()
              .toByteString();
      byte[] signature = identity.sign(StatementVerifier.LABEL, said.toByteArray());
      return GroupKeyStatement.newBuilder()
          .setKey(said)
          .setSignature(ByteString.copyFrom(signature))
          .setCertificate(ByteString.copyFrom(identity.certificate().getEncoded()))
          .build();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException(e);
    }
  }
}
