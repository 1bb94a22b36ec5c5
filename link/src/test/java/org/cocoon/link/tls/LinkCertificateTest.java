package org.cocoon.link.tls;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TeeEvidence;
import org.junit.jupiter.api.Test;

/** The rules of a link certificate that need no policy and no TEE. */
final class LinkCertificateTest {
  private static final long SEED = 20260302;
  private static final KeyPair KEY = P256.newKeyPair();
  private static final byte[] QUOTE = {1, 2, 3};
  private static final Claims CLAIMS = new Claims(Role.WORKER, NOW);
  private static final Instant FROM = NOW.minusSeconds(60);
  private static final Instant UNTIL = FROM.plus(Duration.ofDays(1));
  private static final ASN1ObjectIdentifier UNKNOWN = new ASN1ObjectIdentifier("2.25.4711");

  @Test
  void readsWhatItIssues() throws Exception {
    LinkCertificate.Sound sound =
        assertInstanceOf(
            LinkCertificate.Sound.class,
            LinkCertificate.read(
                LinkCertificate.issue(KEY, CLAIMS, new TeeEvidence.Tdx(QUOTE)), NOW));
    assertEquals(CLAIMS, sound.claims());
    assertArrayEquals(QUOTE, assertInstanceOf(TeeEvidence.Tdx.class, sound.evidence()).quote());
    assertArrayEquals(
        LinkCertificate.reportData(KEY.getPublic().getEncoded(), CLAIMS.toDer()),
        sound.reportData());
    assertEquals(UNTIL, sound.notAfter());
  }

  @Test
  void refusesMissingAndDoubledExtensions() throws IOException {
    Extension quote = RawCertificate.quote(QUOTE);
    Extension claims = RawCertificate.claims(CLAIMS);
    assertFault(CertificateFault.QUOTE_EXTENSION, with(quote, claims, quote));
    assertFault(CertificateFault.QUOTE_EXTENSION, with(claims));
    Extension snp = RawCertificate.snp(new byte[1], new byte[2]);
    assertInstanceOf(LinkCertificate.Sound.class, with(snp, claims));
    assertFault(CertificateFault.QUOTE_EXTENSION, with(quote, claims, snp));
    assertFault(CertificateFault.QUOTE_EXTENSION, with(snp, claims, snp));
    byte[] notTwo = {0x30, 0x02, 0x04, 0x00};
    assertFault(
        CertificateFault.SNP_EXTENSION,
        with(claims, RawCertificate.critical(RawCertificate.oid(LinkCertificate.SNP), notTwo)));
    assertFault(CertificateFault.CLAIMS_EXTENSION, with(quote));
    assertFault(CertificateFault.CLAIMS_EXTENSION, with(claims, quote, claims));
    byte[] notClaims = {0x30, 0x00};
    assertFault(
        CertificateFault.CLAIMS_EXTENSION,
        with(
            quote, RawCertificate.critical(RawCertificate.oid(LinkCertificate.CLAIMS), notClaims)));
  }

  @Test
  void refusesOnlyCriticalExtensionsThatItDoesNotKnow() throws IOException {
    Extension quote = RawCertificate.quote(QUOTE);
    Extension claims = RawCertificate.claims(CLAIMS);
    byte[] value = {5, 0};
    assertFault(
        CertificateFault.UNKNOWN_CRITICAL_EXTENSION,
        with(quote, claims, RawCertificate.critical(UNKNOWN, value)));
    assertInstanceOf(
        LinkCertificate.Sound.class,
        with(quote, claims, new Extension(UNKNOWN, false, new DEROctetString(value))));
  }

  @Test
  void refusesTimesThatAreOff() throws IOException {
    assertFault(CertificateFault.VALID_TOO_LONG, valid(FROM, FROM.plus(Duration.ofDays(10))));
    assertFault(CertificateFault.VALID_TOO_LONG, valid(FROM, UNTIL.plusSeconds(1)));
    assertFault(CertificateFault.NOT_VALID_NOW, valid(NOW.plusSeconds(1), UNTIL));
    assertFault(CertificateFault.NOT_VALID_NOW, valid(FROM, NOW.minusSeconds(1)));
    assertFault(CertificateFault.STALE_CLAIMS, created(NOW.minus(Duration.ofHours(25))));
    assertFault(CertificateFault.STALE_CLAIMS, created(NOW.plus(Duration.ofMinutes(2))));
    assertInstanceOf(LinkCertificate.Sound.class, valid(FROM, UNTIL));
  }

  @Test
  void refusesOtherKeysAndOtherSigners() throws IOException, GeneralSecurityException {
    List<Extension> extensions =
        List.of(RawCertificate.quote(QUOTE), RawCertificate.claims(CLAIMS));
    KeyPairGenerator p384 = KeyPairGenerator.getInstance("EC");
    p384.initialize(new ECGenParameterSpec("secp384r1"));
    KeyPair other = p384.generateKeyPair();
    assertFault(
        CertificateFault.MALFORMED_CERTIFICATE,
        LinkCertificate.read(RawCertificate.issue(other, FROM, UNTIL, extensions), NOW));
    RawCertificate otherCurve =
        RawCertificate.issue(
            other.getPublic(), KEY.getPrivate(), FROM, UNTIL, extensions.toArray(Extension[]::new));
    assertFault(CertificateFault.KEY_TYPE, LinkCertificate.read(otherCurve, NOW));
    RawCertificate otherSigner =
        RawCertificate.issue(
            KEY.getPublic(),
            P256.newKeyPair().getPrivate(),
            FROM,
            UNTIL,
            extensions.toArray(Extension[]::new));
    assertFault(CertificateFault.SELF_SIGNATURE, LinkCertificate.read(otherSigner, NOW));
  }

  @Test
  void noChangedByteOfACertificateIsSound() throws Exception {
    assertNoChangedByteIsSound(new TeeEvidence.Tdx(new byte[500]));
    assertNoChangedByteIsSound(new TeeEvidence.Snp(new byte[100], new byte[200]));
  }

  private static void assertNoChangedByteIsSound(TeeEvidence evidence) throws Exception {
    byte[] der = LinkCertificate.issue(KEY, CLAIMS, evidence).getEncoded();
    List<Integer> sound =
        IntStream.range(0, der.length)
            .filter(
                offset -> {
                  byte[] changed = der.clone();
                  changed[offset] ^= (byte) (1 + new Random(SEED + offset).nextInt(255));
                  return LinkCertificate.read(new RawCertificate(changed), NOW)
                      instanceof LinkCertificate.Sound;
                })
            .boxed()
            .toList();
    assertEquals(List.of(), sound, "offsets, seed " + SEED);
  }

  private static LinkCertificate with(Extension... extensions) {
    return LinkCertificate.read(RawCertificate.issue(KEY, FROM, UNTIL, List.of(extensions)), NOW);
  }

  private static LinkCertificate valid(Instant from, Instant until) throws IOException {
    List<Extension> extensions =
        List.of(RawCertificate.quote(QUOTE), RawCertificate.claims(CLAIMS));
    return LinkCertificate.read(RawCertificate.issue(KEY, from, until, extensions), NOW);
  }

  private static LinkCertificate created(Instant at) throws IOException {
    return with(RawCertificate.quote(QUOTE), RawCertificate.claims(new Claims(Role.WORKER, at)));
  }

  private static void assertFault(CertificateFault fault, LinkCertificate read) {
    LinkCertificate.Faulty faulty = assertInstanceOf(LinkCertificate.Faulty.class, read);
    assertEquals(fault, faulty.fault(), faulty.detail());
  }
}
