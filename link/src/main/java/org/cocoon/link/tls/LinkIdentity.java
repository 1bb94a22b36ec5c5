package org.cocoon.link.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuBundle;

/**
 * A node's own end of its links: a fresh key, and the certificate in which its TEE vouches for it.
 *
 * <p>Immutable. It is valid for less than a day; the key exists only in this process's memory.
 */
public final class LinkIdentity {
  private static final int ID_DIGITS = 16;

  private final Claims claims;
  private final KeyPair key;
  private final byte[] quote;
  private final X509Certificate certificate;
  private final InstantSource clock;

  /** Asks the GPUs of this machine. */
  @FunctionalInterface
  public interface Gpus {
    /**
     * Reports of all GPUs that were made for a nonce, 32 bytes; blocks.
     *
     * @throws TsmException if a GPU does not answer
     */
    Optional<GpuBundle> evidence(byte[] nonce) throws TsmException;
  }

  private LinkIdentity(
      Claims claims, KeyPair key, byte[] quote, Optional<GpuBundle> bundle, InstantSource clock) {
    this.claims = claims;
    this.key = key;
    this.quote = quote;
    this.certificate = LinkCertificate.issue(key, claims, quote, bundle.map(GpuBundle::toDer));
    this.clock = clock;
  }

  /**
   * Makes a key and asks the TEE to vouch for it; blocks for as long as the TEE takes.
   *
   * @throws TsmException if there is no TEE, or what it gave is no quote
   */
  public static LinkIdentity create(Role role, TsmReports reports, InstantSource clock)
      throws TsmException {
    return create(role, reports, nonce -> Optional.empty(), clock);
  }

  /**
   * Like {@link #create(Role, TsmReports, InstantSource)}, with the evidence of this machine's
   * GPUs, which is made for the same key.
   */
  public static LinkIdentity create(Role role, TsmReports reports, Gpus gpus, InstantSource clock)
      throws TsmException {
    KeyPair key = P256.newKeyPair();
    Optional<GpuBundle> bundle = gpus.evidence(GpuBinding.nonce(key.getPublic().getEncoded()));
    Claims claims =
        new Claims(
            role,
            clock.instant().truncatedTo(ChronoUnit.MILLIS),
            bundle.map(GpuBundle::digest).map(HexFormat.of()::formatHex));
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    byte[] answer = reports.tdxQuote(reportData);
    return switch (TdxQuote.parse(answer)) {
      case TdxQuote.Malformed malformed ->
          throw new TsmException(
              TsmException.Failure.IO, "the TEE gave no TDX quote: " + malformed.reason());
      // A TEE pads its answers; a certificate carries the quote alone.
      case TdxQuote.Parsed parsed ->
          new LinkIdentity(claims, key, Arrays.copyOf(answer, parsed.length()), bundle, clock);
    };
  }

  /** What this node is. */
  public Role role() {
    return claims.role();
  }

  /** The certificate, self-signed, with quote and claims. */
  public X509Certificate certificate() {
    return certificate;
  }

  /** SHA-256 of the public key's DER, 64 lower-case hexadecimal digits. */
  public String fingerprint() {
    return Digests.sha256Hex(certificate.getPublicKey().getEncoded());
  }

  /** The first 16 digits of the fingerprint, for people. */
  public String id() {
    return fingerprint().substring(0, ID_DIGITS);
  }

  /** When the certificate ends and another identity is needed. */
  public Instant notAfter() {
    return certificate.getNotAfter().toInstant();
  }

  /** The platform that the own quote says it is from; empty if it does not say. */
  public Optional<PlatformName> platform() {
    return switch (TdxQuote.parse(quote)) {
      case TdxQuote.Malformed _ -> Optional.empty();
      case TdxQuote.Parsed parsed -> PlatformName.of(parsed);
    };
  }

  /**
   * What a peer with this policy will say of this node, to be asked before dialling: a refusal then
   * has a reason, where TLS has only an alert.
   */
  public Verdict verdict(EvidenceVerifier verifier) {
    byte[] reportData = LinkCertificate.reportData(key.getPublic().getEncoded(), claims.toDer());
    return verifier.verify(quote, reportData, claims.role(), clock.instant());
  }

  /**
   * Signs a statement of this node, for those who get it with its certificate.
   *
   * @param label says what is signed, so that no signature serves for anything else; ASCII
   * @param statement what is said
   * @return r and s, big-endian, 64 bytes
   */
  public byte[] sign(String label, byte[] statement) {
    return P256.sign(key.getPrivate(), labelled(label, statement));
  }

  /** Whether the key of a link certificate signed a statement; says nothing about the evidence. */
  public static boolean signed(
      X509Certificate certificate, String label, byte[] statement, byte[] signature) {
    return P256.verifies(certificate.getPublicKey(), signature, labelled(label, statement));
  }

  /** No label holds a zero byte, and TLS signs nothing that begins with a letter. */
  private static byte[] labelled(String label, byte[] statement) {
    byte[] prefix = (label + '\0').getBytes(US_ASCII);
    byte[] labelled = Arrays.copyOf(prefix, prefix.length + statement.length);
    System.arraycopy(statement, 0, labelled, prefix.length, statement.length);
    return labelled;
  }

  PrivateKey privateKey() {
    return key.getPrivate();
  }
}
