package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.security.KeyPair;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.simulated.BadEvidence;
import org.cocoon.link.evidence.simulated.FixedCollateral;

/** Good evidence in the wrong certificate, or at the wrong time. */
final class BindingCorpus {
  private static final Instant FROM = NOW.minusSeconds(60);
  private static final Duration DAY = Duration.ofDays(1);

  private final AttestedNodes nodes;
  private final KeyPair key = P256.newKeyPair();
  private final Claims claims = new Claims(Role.WORKER, NOW);
  private final byte[] quote;
  private final List<BadEvidence> cases = new ArrayList<>();

  private BindingCorpus(AttestedNodes nodes) throws IOException {
    this.nodes = nodes;
    quote = quoteOf(key, claims);
  }

  /** The chapter. */
  static List<BadEvidence> cases(AttestedNodes nodes) throws IOException {
    BindingCorpus corpus = new BindingCorpus(nodes);
    corpus.read("control: nothing is wrong", BadEvidence.ACCEPTED, corpus.usual(), DAY);
    corpus.addQuotes();
    corpus.addExtensions();
    corpus.addTimes();
    corpus.addChanges();
    return corpus.cases;
  }

  private void addQuotes() throws IOException {
    certificate(
        "quote stolen into another certificate",
        "REPORT_DATA",
        LinkCertificate.issue(P256.newKeyPair(), claims, quote));
    certificate(
        "quote of other claims",
        "REPORT_DATA",
        LinkCertificate.issue(key, new Claims(Role.WORKER, NOW.plusSeconds(1)), quote));
    byte[] flipped = quote.clone();
    flipped[600] ^= 1;
    certificate(
        "report data flipped", "QUOTE_SIGNATURE", LinkCertificate.issue(key, claims, flipped));
    Claims liar = new Claims(Role.ROUTER, NOW);
    certificate(
        "router where a worker belongs",
        "WRONG_ROLE",
        LinkCertificate.issue(key, liar, quoteOf(key, liar)));
    for (byte filler : new byte[] {0, 1}) {
      byte[] longer = Arrays.copyOf(quote, quote.length + 70);
      Arrays.fill(longer, quote.length, longer.length, filler);
      certificate(
          "70 bytes of " + filler + " after the quote",
          "QUOTE_EXTENSION: 70 bytes follow",
          LinkCertificate.issue(key, claims, longer));
    }
    certificate(
        "a quote of 32 KiB and one byte",
        "MALFORMED_QUOTE: it has 32769",
        LinkCertificate.issue(key, claims, Arrays.copyOf(quote, 32 * 1024 + 1)));
    X509Certificate good = LinkCertificate.issue(key, claims, quote);
    cases.add(
        new BadEvidence(
            "depth 2",
            "NOT_ALONE",
            () -> {
              X509Certificate[] chain = {good, good};
              try {
                nodes.expecting(Role.WORKER, 0).checkClientTrusted(chain, "EC");
                return BadEvidence.ACCEPTED;
              } catch (CertificateException e) {
                return String.valueOf(e.getMessage());
              }
            }));
  }

  private void addExtensions() throws IOException {
    List<Extension> usual = usual();
    read("two quotes", "QUOTE_EXTENSION: 2", with(usual, usual.getFirst()), DAY);
    read("no quote", "QUOTE_EXTENSION: 0", usual.subList(1, 2), DAY);
    read("two claims", "CLAIMS_EXTENSION: 2", with(usual, usual.getLast()), DAY);
    read("no claims", "CLAIMS_EXTENSION: 0", usual.subList(0, 1), DAY);
    byte[] value = {5, 0};
    read(
        "unknown critical extension",
        "UNKNOWN_CRITICAL_EXTENSION",
        with(usual, RawCertificate.critical(new ASN1ObjectIdentifier("2.25.4711"), value)),
        DAY);
    RawCertificate otherSigner =
        RawCertificate.issue(
            key.getPublic(),
            P256.newKeyPair().getPrivate(),
            FROM,
            FROM.plus(DAY),
            usual.toArray(Extension[]::new));
    cases.add(
        new BadEvidence(
            "certificate of another signer", "SELF_SIGNATURE", () -> outcomeOf(otherSigner)));
    cases.add(
        new BadEvidence(
            "no certificate",
            "MALFORMED_CERTIFICATE",
            () -> outcomeOf(new RawCertificate(new byte[] {0x30, 0}))));
  }

  private void addTimes() throws IOException {
    List<Extension> usual = usual();
    read("ten-year certificate", "VALID_TOO_LONG", usual, Duration.ofDays(3650));
    read("certificate of a day and a second", "VALID_TOO_LONG", usual, DAY.plusSeconds(1));
    read("expired certificate", "NOT_VALID_NOW", usual, Duration.ofSeconds(59));
    Claims stale = new Claims(Role.WORKER, NOW.minus(Duration.ofHours(25)));
    read("stale claims", "STALE_CLAIMS", extensions(stale), DAY);
    Claims future = new Claims(Role.WORKER, NOW.plus(Duration.ofMinutes(2)));
    read("claims of the future", "STALE_CLAIMS", extensions(future), DAY);
  }

  /** What was accepted, and must be no more. */
  private void addChanges() throws IOException {
    X509Certificate good = LinkCertificate.issue(key, claims, quote);
    afterwards(
        "image hash removed while connected",
        "IMAGE_NOT_ALLOWED",
        good,
        (verifier, _) -> verifier.use(new EvidenceVerifier(nodes.policy().withImages(Map.of()))));
    afterwards(
        "root removed while connected",
        "SIMULATED_NOT_ALLOWED",
        good,
        (verifier, _) ->
            verifier.use(new EvidenceVerifier(nodes.policy().withRoots(Set.of(), Set.of()))));
    afterwards(
        "CA revoked while connected",
        "CA_REVOKED",
        good,
        (verifier, _) -> verifier.use(with(nodes.network().collateral().revokeCa().make())));
    afterwards(
        "cache hit after the collateral's end",
        "CRL_EXPIRED",
        good,
        (_, now) -> now.set(NOW.plusSeconds(61)));
    afterwards(
        "cache hit after the certificate's end",
        "NOT_VALID_NOW",
        good,
        (_, now) -> now.set(NOW.plus(DAY)));
  }

  /** What happens after the peer was accepted. */
  @FunctionalInterface
  private interface Change {
    void happens(PeerVerifier verifier, AtomicReference<Instant> now) throws IOException;
  }

  private void afterwards(String name, String expected, X509Certificate good, Change change) {
    cases.add(
        new BadEvidence(
            name,
            expected,
            () -> {
              AtomicReference<Instant> now = new AtomicReference<>(NOW);
              PeerVerifier verifier = nodes.expecting(Role.WORKER, 4, now::get);
              verifier.use(
                  with(nodes.network().collateral().listsUntil(NOW.plusSeconds(60)).make()));
              String before = outcomeOf(verifier.check(good));
              if (!before.equals(BadEvidence.ACCEPTED)) {
                return "refused before the change: " + before;
              }
              change.happens(verifier, now);
              return outcomeOf(verifier.check(good));
            }));
  }

  private EvidenceVerifier with(Collateral collateral) {
    return new EvidenceVerifier(nodes.policy(), new FixedCollateral(collateral));
  }

  private static List<Extension> with(List<Extension> usual, Extension more) {
    List<Extension> extensions = new ArrayList<>(usual);
    extensions.add(more);
    return extensions;
  }

  private List<Extension> usual() throws IOException {
    return extensions(claims);
  }

  /** A quote for these claims, and the claims. */
  private List<Extension> extensions(Claims said) throws IOException {
    return List.of(RawCertificate.quote(quoteOf(key, said)), RawCertificate.claims(said));
  }

  private byte[] quoteOf(KeyPair pair, Claims said) throws IOException {
    byte[] reportData = LinkCertificate.reportData(pair.getPublic().getEncoded(), said.toDer());
    byte[] padded = nodes.tee(Role.WORKER).tdxQuote(reportData);
    return TdxQuote.parse(padded) instanceof TdxQuote.Parsed parsed
        ? Arrays.copyOf(padded, parsed.length())
        : padded;
  }

  private void read(String name, String expected, List<Extension> extensions, Duration validity) {
    RawCertificate certificate = RawCertificate.issue(key, FROM, FROM.plus(validity), extensions);
    cases.add(new BadEvidence(name, expected, () -> outcomeOf(certificate)));
  }

  private void certificate(String name, String expected, X509Certificate certificate) {
    cases.add(new BadEvidence(name, expected, () -> outcomeOf(certificate)));
  }

  private String outcomeOf(Certificate certificate) {
    return outcomeOf(nodes.expecting(Role.WORKER, 0).check(certificate));
  }

  private static String outcomeOf(PeerVerdict verdict) {
    return switch (verdict) {
      case PeerVerdict.Accepted _ -> BadEvidence.ACCEPTED;
      case PeerVerdict.Refused(String reason, String detail) -> reason + ": " + detail;
    };
  }
}
