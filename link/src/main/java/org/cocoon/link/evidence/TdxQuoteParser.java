package org.cocoon.link.evidence;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * The layout of a TDX quote, field by field.
 *
 * <p>Integers are little-endian, ECDSA values big-endian:
 *
 * <pre>
 * header 48       version u16 | key type u16 | TEE type u32 | reserved 4 | vendor 16 | user data 20
 * version 5 only  body type u16 | body size u32
 * body 584 or 648 registers, see {@link Measurements}
 * u32             length of all that follows
 * 64 | 64         quote signature | attestation key
 * u16 u32         certification data type 6 and its length, holding
 *   384 | 64        report of the quoting enclave | the platform's signature over it
 *   u16 ...         authentication data
 *   u16 u32 ...     certification data type 5: PEM chain
 * </pre>
 */
final class TdxQuoteParser {
  static final int HEADER_BYTES = 48;
  static final int TD_10_BODY_BYTES = 584;
  static final int TD_15_BODY_BYTES = 648;
  static final int QE_REPORT_BYTES = 384;
  static final int TEE_TYPE_TDX = 0x81;
  static final int KEY_TYPE_ECDSA_P256 = 2;
  static final int CERTIFICATION_QE_REPORT = 6;
  static final int CERTIFICATION_PCK_CHAIN = 5;
  static final String INTEL_VENDOR_ID = "939a7233f79c4ca9940a0db3957f0607";

  private static final int BODY_TYPE_TD_10 = 2;
  private static final int BODY_TYPE_TD_15 = 3;
  private static final int ECDSA_BYTES = 64;

  private TdxQuoteParser() {}

  static TdxQuote.Parsed parse(byte[] bytes) throws MalformedQuoteException {
    QuoteReader reader = new QuoteReader(bytes);
    int version = readHeader(reader);
    int bodyBytes = version == 5 ? readBodyDescriptor(reader) : TD_10_BODY_BYTES;
    Measurements measurements = readBody(reader, bodyBytes == TD_15_BODY_BYTES);
    byte[] signedBytes = Arrays.copyOf(bytes, reader.position());

    int signatureBytes = reader.length("the signature data's length");
    int end = reader.position() + signatureBytes;
    // From here on nothing may read past the signature data, whatever follows it in the input.
    QuoteReader signed =
        new QuoteReader(
            Arrays.copyOfRange(bytes, reader.position(), reader.position() + signatureBytes));
    byte[] signature = signed.bytes(ECDSA_BYTES, "the quote signature");
    byte[] attestationKey = signed.bytes(ECDSA_BYTES, "the attestation key");
    requireType(signed.u16("the certification data type"), CERTIFICATION_QE_REPORT);
    requireFills(signed.length("the certification data's length"), signed);
    byte[] qeReport = signed.bytes(QE_REPORT_BYTES, "the quoting enclave's report");
    byte[] qeSignature =
        signed.bytes(ECDSA_BYTES, "the signature over the quoting enclave's report");
    int authBytes = signed.u16("the authentication data's length");
    byte[] authData = signed.bytes(authBytes, "the authentication data");
    requireType(signed.u16("the inner certification data type"), CERTIFICATION_PCK_CHAIN);
    int chainBytes = signed.length("the certificate chain's length");
    requireFills(chainBytes, signed);
    byte[] chain = signed.bytes(chainBytes, "the certificate chain");
    return new TdxQuote.Parsed(
        version,
        measurements,
        signedBytes,
        signature,
        attestationKey,
        qeReport,
        qeSignature,
        authData,
        chain,
        end);
  }

  private static int readHeader(QuoteReader reader) throws MalformedQuoteException {
    int version = reader.u16("the version");
    if (version != 4 && version != 5) {
      throw new MalformedQuoteException("the version is " + version + ", not 4 or 5");
    }
    int keyType = reader.u16("the attestation key type");
    if (keyType != KEY_TYPE_ECDSA_P256) {
      throw new MalformedQuoteException(
          "the attestation key type is " + keyType + ", not 2 (ECDSA P-256)");
    }
    long teeType = reader.u32("the TEE type");
    if (teeType != TEE_TYPE_TDX) {
      throw new MalformedQuoteException(
          "the TEE type is 0x" + Long.toHexString(teeType) + ", not 0x81 (TDX)");
    }
    reader.bytes(4, "the reserved header bytes");
    byte[] vendor = reader.bytes(16, "the vendor id");
    if (!Arrays.equals(vendor, HexFormat.of().parseHex(INTEL_VENDOR_ID))) {
      throw new MalformedQuoteException("the vendor id is not Intel's");
    }
    reader.bytes(20, "the header's user data");
    return version;
  }

  private static int readBodyDescriptor(QuoteReader reader) throws MalformedQuoteException {
    int type = reader.u16("the body type");
    int expected =
        switch (type) {
          case BODY_TYPE_TD_10 -> TD_10_BODY_BYTES;
          case BODY_TYPE_TD_15 -> TD_15_BODY_BYTES;
          default ->
              throw new MalformedQuoteException(
                  "the body type is " + type + ", not 2 (TD 1.0) or 3 (TD 1.5)");
        };
    long size = reader.u32("the body size");
    if (size != expected) {
      throw new MalformedQuoteException(
          "the body size is " + size + ", not " + expected + " as its type " + type + " has");
    }
    return expected;
  }

  private static Measurements readBody(QuoteReader reader, boolean td15)
      throws MalformedQuoteException {
    int register = Measurements.REGISTER_BYTES;
    return new Measurements(
        reader.hex(16, "teeTcbSvn"),
        reader.hex(register, "mrSeam"),
        reader.hex(register, "mrSignerSeam"),
        reader.u64("seamAttributes"),
        reader.u64("tdAttributes"),
        reader.u64("xfam"),
        reader.hex(register, "mrTd"),
        reader.hex(register, "mrConfigId"),
        reader.hex(register, "mrOwner"),
        reader.hex(register, "mrOwnerConfig"),
        reader.hex(register, "rtmr0"),
        reader.hex(register, "rtmr1"),
        reader.hex(register, "rtmr2"),
        reader.hex(register, "rtmr3"),
        reader.hex(Measurements.REPORT_DATA_BYTES, "reportData"),
        td15 ? reader.hex(16, "teeTcbSvn2") : "00".repeat(16),
        td15 ? reader.hex(register, "mrServiceTd") : "00".repeat(register));
  }

  private static void requireType(int type, int expected) throws MalformedQuoteException {
    if (type != expected) {
      throw new MalformedQuoteException(
          "the certification data type is " + type + " where only " + expected + " is accepted");
    }
  }

  private static void requireFills(int length, QuoteReader reader) throws MalformedQuoteException {
    if (length != reader.remaining()) {
      throw new MalformedQuoteException(
          "a length says " + length + " bytes, but " + reader.remaining() + " follow in its place");
    }
  }
}
