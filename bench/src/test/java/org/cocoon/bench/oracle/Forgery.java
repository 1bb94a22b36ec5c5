package org.cocoon.bench.oracle;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.EcdsaCertificate.Extension;
import org.cocoon.link.evidence.EcdsaSigned;
import org.cocoon.link.evidence.P256;
import org.cocoon.link.evidence.PckExtension;

/**
 * A quote and its collateral before anything in them is signed: every field can be changed, and
 * then all signatures are made over what is there. Starts with what both verifiers believe.
 */
final class Forgery {
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration YEAR = Duration.ofDays(365);
  static final String ROOT_NAME = "Forged Root CA";
  static final String CA_NAME = "Forged PCK Platform CA";
  static final String PCK_NAME = "Forged PCK Certificate";
  static final String SIGNER_NAME = "Forged TCB Signing";
  static final int VENDOR_AT = 12;
  static final int QE_REPORT_BYTES = 384;

  /** Keys are the same in all forgeries, which saves making and remembering roots. */
  static final Keys KEYS = new Keys();

  /** One key pair for each part that signs, and a stranger's. */
  static final class Keys {
    final KeyPair root = P256.newKeyPair();
    final KeyPair ca = P256.newKeyPair();
    final KeyPair pck = P256.newKeyPair();
    final KeyPair attestation = P256.newKeyPair();
    final KeyPair signer = P256.newKeyPair();
    final KeyPair stranger = P256.newKeyPair();
    final byte[] rootCertificate =
        new Certificate(ROOT_NAME, root.getPublic(), ROOT_NAME, root.getPrivate(), ca(1)).der();
  }

  /** A certificate before it is signed. */
  static final class Certificate {
    String subject;
    PublicKey key;
    String issuer;
    PrivateKey signer;
    Instant from = NOW.minus(YEAR);
    Instant until = NOW.plus(YEAR);
    List<Extension> extensions;

    Certificate(
        String subject,
        PublicKey key,
        String issuer,
        PrivateKey signer,
        List<Extension> extensions) {
      this.subject = subject;
      this.key = key;
      this.issuer = issuer;
      this.signer = signer;
      this.extensions = new ArrayList<>(extensions);
    }

    byte[] der() {
      return EcdsaCertificate.issue(subject, key, issuer, signer, from, until, extensions);
    }
  }

  /** A revocation list before it is signed. */
  static final class RevocationList {
    String issuer;
    PrivateKey signer;
    Instant from = NOW.minus(Duration.ofDays(10));
    Instant until = NOW.plus(Duration.ofDays(20));
    final List<BigInteger> revoked = new ArrayList<>();

    RevocationList(String issuer, PrivateKey signer) {
      this.issuer = issuer;
      this.signer = signer;
    }

    byte[] der() {
      byte[][] entries =
          revoked.stream()
              .map(serial -> Der.sequence(Der.integer(serial), Der.time(from)))
              .toArray(byte[][]::new);
      byte[] number = Der.sequence(Der.oid("2.5.29.20"), Der.octets(Der.integer(1)));
      return EcdsaSigned.sign(
          signer,
          Der.sequence(
              Der.integer(1),
              EcdsaSigned.algorithm(),
              Der.sequence(Der.value(Der.SET, Der.sequence(Der.oid("2.5.4.3"), Der.text(issuer)))),
              Der.time(from),
              Der.time(until),
              entries.length == 0 ? new byte[0] : Der.sequence(entries),
              Der.tagged(0, Der.sequence(number))));
    }
  }

  final byte[] header = new byte[48];
  final byte[] body;
  final boolean version5;
  final byte[] qeReport = Documents.qeReport();
  byte[] authData = new byte[32];
  List<Integer> components = new ArrayList<>(Documents.COMPONENTS);
  int pceSvn = Documents.PCE_SVN;
  String pceId = "0000";
  final Certificate ca =
      new Certificate(CA_NAME, KEYS.ca.getPublic(), ROOT_NAME, KEYS.root.getPrivate(), ca(0));
  final Certificate pck =
      new Certificate(PCK_NAME, KEYS.pck.getPublic(), CA_NAME, KEYS.ca.getPrivate(), leaf());
  final Certificate signer =
      new Certificate(
          SIGNER_NAME, KEYS.signer.getPublic(), ROOT_NAME, KEYS.root.getPrivate(), leaf());
  final RevocationList rootCrl = new RevocationList(ROOT_NAME, KEYS.root.getPrivate());
  final RevocationList pckCrl = new RevocationList(CA_NAME, KEYS.ca.getPrivate());
  final ObjectNode tcbInfo = Documents.tcbInfo();
  final ObjectNode qeIdentity = Documents.qeIdentity();
  final List<Integer> chainOrder = new ArrayList<>(List.of(0, 1, 2));
  boolean sgxExtension = true;

  /** The three forms that a quote may have. */
  enum Form {
    V4,
    V5_TD10,
    V5_TD15
  }

  Forgery(Form form) {
    version5 = form != Form.V4;
    body = Documents.body(form == Form.V5_TD15);
    ByteBuffer.wrap(header)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) (version5 ? 5 : 4))
        .putShort((short) 2)
        .putInt(0x81)
        .putInt(0)
        .put(Documents.VENDOR);
  }

  /** Serial numbers follow from keys, as {@link EcdsaCertificate#issue} makes them. */
  static BigInteger serialOf(KeyPair pair) {
    byte[] hash = Digests.sha256(pair.getPublic().getEncoded());
    return new BigInteger(1, Arrays.copyOf(hash, 16));
  }

  Case sign(String name) {
    return new Case(name, quote(), collateral(), NOW, KEYS.rootCertificate);
  }

  private byte[] quote() {
    byte[] signed = signed();
    byte[] point = P256.point(KEYS.attestation.getPublic());
    byte[] report = qeReport.clone();
    byte[] vouched = Digests.sha256(point, authData);
    for (int i = 0; i < vouched.length; i++) {
      report[320 + i] ^= vouched[i];
    }
    StringBuilder pem = new StringBuilder();
    List<byte[]> chain = List.of(pckCertificate(), ca.der(), KEYS.rootCertificate);
    chainOrder.forEach(i -> pem.append(pem(chain.get(i))));
    byte[] text = pem.toString().getBytes(US_ASCII);
    int inner = report.length + 64 + 2 + authData.length + 6 + text.length;
    return littleEndian(signed.length + 4 + 64 + 64 + 6 + inner)
        .put(signed)
        .putInt(64 + 64 + 6 + inner)
        .put(P256.sign(KEYS.attestation.getPrivate(), signed))
        .put(point)
        .putShort((short) 6)
        .putInt(inner)
        .put(report)
        .put(P256.sign(KEYS.pck.getPrivate(), report))
        .putShort((short) authData.length)
        .put(authData)
        .putShort((short) 5)
        .putInt(text.length)
        .put(text)
        .array();
  }

  private byte[] signed() {
    byte[] descriptor = new byte[version5 ? 6 : 0];
    if (version5) {
      ByteBuffer.wrap(descriptor)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putShort((short) (body.length > 584 ? 3 : 2))
          .putInt(body.length);
    }
    return littleEndian(header.length + descriptor.length + body.length)
        .put(header)
        .put(descriptor)
        .put(body)
        .array();
  }

  private byte[] pckCertificate() {
    List<Extension> plain = List.copyOf(pck.extensions);
    if (sgxExtension) {
      byte[] value = new PckExtension(components, pceSvn, pceId, Documents.FMSPC).toDer();
      pck.extensions.add(new Extension(Der.oid(PckExtension.OID), false, value));
    }
    byte[] der = pck.der();
    pck.extensions = new ArrayList<>(plain);
    return der;
  }

  private Collateral collateral() {
    String rootPem = pem(KEYS.rootCertificate);
    String signerChain = pem(signer.der()) + rootPem;
    String info = tcbInfo.toString();
    String identity = qeIdentity.toString();
    PrivateKey key = KEYS.signer.getPrivate();
    return new Collateral(
        pem(ca.der()) + rootPem,
        rootCrl.der(),
        pckCrl.der(),
        signerChain,
        info,
        P256.sign(key, info.getBytes(UTF_8)),
        signerChain,
        identity,
        P256.sign(key, identity.getBytes(UTF_8)));
  }

  static String pem(byte[] der) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN CERTIFICATE-----\n" + base64 + "\n-----END CERTIFICATE-----\n";
  }

  static List<Extension> ca(int pathLength) {
    byte[] isCa = Der.value(Der.BOOLEAN, new byte[] {(byte) 0xff});
    return List.of(
        new Extension(Der.oid("2.5.29.15"), true, Der.value(Der.BIT_STRING, new byte[] {1, 6})),
        new Extension(Der.oid("2.5.29.19"), true, Der.sequence(isCa, Der.integer(pathLength))));
  }

  static List<Extension> leaf() {
    byte[] usage = Der.value(Der.BIT_STRING, new byte[] {6, (byte) 0xc0});
    return List.of(
        new Extension(Der.oid("2.5.29.15"), true, usage),
        new Extension(Der.oid("2.5.29.19"), true, Der.sequence()));
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
