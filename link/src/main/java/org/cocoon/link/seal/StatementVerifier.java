package org.cocoon.link.seal;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;

/**
 * Decides whether to seal prompts to the key in a statement: an attested key manager must have
 * signed that it is a model's, for now.
 *
 * <p>Safe for use by many threads; a check takes up to two milliseconds where the key manager's
 * evidence is not known yet, so keep it off event loops.
 */
public final class StatementVerifier {
  /** What the key manager's signature says first, {@link LinkIdentity#sign}. */
  public static final String LABEL = "cocoon group key v1";

  /** The longest time that a key may be valid: no longer than who vouches for it. */
  public static final Duration MAX_VALIDITY = Duration.ofDays(1);

  private static final Duration CLOCK_SKEW = Duration.ofMinutes(1);
  private static final int MAX_KEY_BYTES = 1024;
  private static final int MAX_CERTIFICATE_BYTES = 64 << 10;

  private final PeerVerifier keysPeers;
  private final InstantSource clock;

  /**
   * Makes one.
   *
   * @param keysPeers checks evidence, and expects {@link org.cocoon.link.evidence.Role#KEYS}
   * @param clock gives the time of each check
   */
  public StatementVerifier(PeerVerifier keysPeers, InstantSource clock) {
    this.keysPeers = keysPeers;
    this.clock = clock;
  }

  /** What came of checking a statement. */
  public sealed interface Checked {
    /**
     * Prompts for the model may be sealed to it now.
     *
     * @param key the key
     * @param evidence the verdict on the key manager that signed it
     */
    record Good(GroupPublicKey key, Verdict.Trusted evidence) implements Checked {}

    /**
     * They may not.
     *
     * @param reason a constant's name: of {@link Fault}, or as {@link PeerVerdict.Refused} has it
     * @param detail what was found and what would be right
     */
    record Refused(String reason, String detail) implements Checked {}
  }

  /** What can be wrong with a statement itself. */
  public enum Fault {
    /** It, or its certificate, cannot be read, or a field of it is out of bounds. */
    MALFORMED_STATEMENT,
    /** It is of another model. */
    WRONG_MODEL,
    /** It is not yet, or no longer, valid, or for more than a day. */
    KEY_NOT_VALID_NOW,
    /** The key of its certificate did not sign it. */
    STATEMENT_SIGNATURE
  }

  /**
   * Checks one statement.
   *
   * @param model the name that a request for it will have
   * @return never throws for any content of the statement
   */
  public Checked verify(GroupKeyStatement statement, String model) {
    if (statement.getKey().size() > MAX_KEY_BYTES
        || statement.getCertificate().size() > MAX_CERTIFICATE_BYTES) {
      return refused(Fault.MALFORMED_STATEMENT, "it is too large");
    }
    GroupPublicKey key;
    X509Certificate certificate;
    try {
      key = parse(statement);
      certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(
                      new ByteArrayInputStream(statement.getCertificate().toByteArray()));
    } catch (InvalidProtocolBufferException | IllegalArgumentException | CertificateException e) {
      return refused(Fault.MALFORMED_STATEMENT, "it cannot be read: " + e.getMessage());
    }
    if (!key.model().equals(model)) {
      return refused(Fault.WRONG_MODEL, "it is a key of another model than was asked for");
    }
    Instant now = clock.instant();
    if (now.isBefore(key.notBefore().minus(CLOCK_SKEW)) || !now.isBefore(key.notAfter())) {
      return refused(
          Fault.KEY_NOT_VALID_NOW,
          "it is valid from " + key.notBefore() + " to " + key.notAfter() + ", and it is " + now);
    }
    if (Duration.between(key.notBefore(), key.notAfter()).compareTo(MAX_VALIDITY) > 0) {
      return refused(Fault.KEY_NOT_VALID_NOW, "it is valid for more than " + MAX_VALIDITY);
    }
    return switch (keysPeers.check(certificate)) {
      case PeerVerdict.Refused(String reason, String detail) -> new Checked.Refused(reason, detail);
      case PeerVerdict.Accepted(Verdict.Trusted evidence) ->
          LinkIdentity.signed(
                  certificate,
                  LABEL,
                  statement.getKey().toByteArray(),
                  statement.getSignature().toByteArray())
              ? new Checked.Good(key, evidence)
              : refused(Fault.STATEMENT_SIGNATURE, "its key manager's key did not sign it");
    };
  }

  /**
   * Reads the key in a statement that is known to be good, such as one that came over a link from
   * its key manager.
   *
   * @throws InvalidProtocolBufferException if it is none
   * @throws IllegalArgumentException a sentence, if a field is out of bounds
   */
  public static GroupPublicKey parse(GroupKeyStatement statement)
      throws InvalidProtocolBufferException {
    GroupKey key = GroupKey.parseFrom(statement.getKey());
    return new GroupPublicKey(
        key.getKeyId(),
        key.getModel(),
        key.getEpoch(),
        key.getPublicKey().toByteArray(),
        Instant.ofEpochMilli(key.getNotBeforeMillis()),
        Instant.ofEpochMilli(key.getNotAfterMillis()));
  }

  private static Checked refused(Fault fault, String detail) {
    return new Checked.Refused(fault.name(), detail);
  }
}
