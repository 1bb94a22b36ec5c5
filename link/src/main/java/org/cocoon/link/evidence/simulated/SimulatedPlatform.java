package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.EcdsaCertificate;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.P256;

/**
 * What a machine with TDX has: a platform certificate, a quoting enclave and its attestation key.
 *
 * <p>Every start is a new machine; only the root and its CA outlive it.
 */
final class SimulatedPlatform {
  private static final HexFormat HEX = HexFormat.of();
  private static final byte[] VENDOR_ID = HEX.parseHex("939a7233f79c4ca9940a0db3957f0607");
  private static final int HEADER_BYTES = 48;
  private static final int BODY_BYTES = 584;
  private static final int DESCRIPTOR_BYTES = 6;
  private static final short TD_15_BODY_TYPE = 3;
  private static final int TD_15_BODY_BYTES = 648;
  private static final int QE_REPORT_BYTES = 384;
  private static final int SIGNATURE_BYTES = 64;
  private static final Duration VALIDITY = Duration.ofDays(365);
  private static final Duration BACKDATED = Duration.ofHours(1);
  private static final byte[] AUTH_DATA =
      HEX.parseHex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");

  private final PrivateKey attestationKey;
  private final byte[] attestationPoint;
  private final byte[] qeReport;
  private final byte[] qeSignature;
  private final byte[] chain;
  private final BigInteger serial;

  /** Makes one under a root, whose certificates are valid from an hour before now, for a year. */
  SimulatedPlatform(SimulatedRoot root, Instant now) {
    this(root, now.minus(BACKDATED), VALIDITY);
  }

  SimulatedPlatform(SimulatedRoot root, Instant from, Duration validity) {
    KeyPair pck = P256.newKeyPair();
    KeyPair attestation = P256.newKeyPair();
    byte[] pckCertificate =
        TestCertificates.pck(pck.getPublic(), root.platformCa().key(), from, validity);
    chain =
        (SimulatedAuthority.pem("CERTIFICATE", pckCertificate)
                + root.platformCa().pem()
                + root.root().pem())
            .getBytes(US_ASCII);
    serial = serialOf(pckCertificate);
    attestationKey = attestation.getPrivate();
    attestationPoint = P256.point(attestation.getPublic());
    qeReport = SimulatedEnclave.report(Digests.sha256(attestationPoint, AUTH_DATA));
    qeSignature = P256.sign(pck.getPrivate(), qeReport);
  }

  /** The serial number of its certificate, by which it can be revoked. */
  BigInteger serial() {
    return serial;
  }

  private static BigInteger serialOf(byte[] certificate) {
    try {
      return EcdsaCertificate.parse(certificate).x509().getSerialNumber();
    } catch (IOException e) {
      throw new IllegalStateException("a certificate that was just made can be read", e);
    }
  }

  /** A version 4 quote of these measurements. */
  byte[] quote(Measurements measurements) {
    return quote(body(measurements));
  }

  /** A version 4 quote of a TD 1.0 body, 584 bytes, whatever it says. */
  byte[] quote(byte[] body) {
    byte[] signed = header(HEADER_BYTES + body.length, 4).put(body).array();
    return withSignatures(signed);
  }

  /** A version 5 quote of a TD 1.5 body. */
  byte[] quoteTd15(Measurements measurements) {
    byte[] signed =
        header(HEADER_BYTES + DESCRIPTOR_BYTES + TD_15_BODY_BYTES, 5)
            .putShort(TD_15_BODY_TYPE)
            .putInt(TD_15_BODY_BYTES)
            .put(body(measurements))
            .put(HEX.parseHex(measurements.teeTcbSvn2()))
            .put(HEX.parseHex(measurements.mrServiceTd()))
            .array();
    return withSignatures(signed);
  }

  private static ByteBuffer header(int bytes, int version) {
    return littleEndian(bytes)
        .putShort((short) version)
        .putShort((short) 2)
        .putInt(0x81)
        .putInt(0)
        .put(VENDOR_ID)
        .put(new byte[20]);
  }

  private byte[] withSignatures(byte[] signed) {
    int certificationBytes =
        QE_REPORT_BYTES + SIGNATURE_BYTES + 2 + AUTH_DATA.length + 2 + 4 + chain.length;
    int signatureDataBytes = 2 * SIGNATURE_BYTES + 2 + 4 + certificationBytes;
    return littleEndian(signed.length + 4 + signatureDataBytes)
        .put(signed)
        .putInt(signatureDataBytes)
        .put(P256.sign(attestationKey, signed))
        .put(attestationPoint)
        .putShort((short) 6)
        .putInt(certificationBytes)
        .put(qeReport)
        .put(qeSignature)
        .putShort((short) AUTH_DATA.length)
        .put(AUTH_DATA)
        .putShort((short) 5)
        .putInt(chain.length)
        .put(chain)
        .array();
  }

  static byte[] body(Measurements measurements) {
    return littleEndian(BODY_BYTES)
        .put(HEX.parseHex(measurements.teeTcbSvn()))
        .put(HEX.parseHex(measurements.mrSeam()))
        .put(HEX.parseHex(measurements.mrSignerSeam()))
        .putLong(measurements.seamAttributes())
        .putLong(measurements.tdAttributes())
        .putLong(measurements.xfam())
        .put(HEX.parseHex(measurements.mrTd()))
        .put(HEX.parseHex(measurements.mrConfigId()))
        .put(HEX.parseHex(measurements.mrOwner()))
        .put(HEX.parseHex(measurements.mrOwnerConfig()))
        .put(HEX.parseHex(measurements.rtmr0()))
        .put(HEX.parseHex(measurements.rtmr1()))
        .put(HEX.parseHex(measurements.rtmr2()))
        .put(HEX.parseHex(measurements.rtmr3()))
        .put(HEX.parseHex(measurements.reportData()))
        .array();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
