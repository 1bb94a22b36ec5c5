package org.cocoon.link.evidence;

/**
 * A TDX quote of version 4 or 5, or why some bytes are none.
 *
 * <p>Parsing checks the form only: every length, every constant. Whether to believe what it says is
 * up to {@link EvidenceVerifier}. From the "Intel TDX DCAP Quoting Library API", appendix 3.
 */
public sealed interface TdxQuote {

  /** Longest input that is looked at, in bytes; real quotes are about 5,000. */
  int MAX_BYTES = 32 * 1024;

  /**
   * Well-formed.
   *
   * <p>The arrays are this value's own and must not be changed.
   *
   * @param version 4 or 5
   * @param measurements the body
   * @param signedBytes header and body: what the attestation key signed
   * @param signature ECDSA r and s, big-endian, 64 bytes
   * @param attestationKey point x and y, big-endian, 64 bytes
   * @param qeReport report of the quoting enclave, 384 bytes
   * @param qeSignature the platform's signature over it, r and s, 64 bytes
   * @param authData the quoting enclave's own, 0 to 65,535 bytes
   * @param certificateChain PEM from the platform's certificate to the root
   * @param length bytes from the start of the header to the end of the signature data; what follows
   *     them in the input is not part of the quote
   */
  record Parsed(
      int version,
      Measurements measurements,
      byte[] signedBytes,
      byte[] signature,
      byte[] attestationKey,
      byte[] qeReport,
      byte[] qeSignature,
      byte[] authData,
      byte[] certificateChain,
      int length)
      implements TdxQuote {

    /** Whether the body is that of TD 1.5, which tells the module's level at present as well. */
    boolean isTd15() {
      return signedBytes.length > TdxQuoteParser.HEADER_BYTES + TdxQuoteParser.TD_15_BODY_BYTES;
    }
  }

  /**
   * Not a quote that can be checked.
   *
   * @param reason names the field and what is wrong with it
   */
  record Malformed(String reason) implements TdxQuote {}

  /** Reads a quote; never throws for any content. Bytes after its end are left out. */
  static TdxQuote parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      return new Malformed("it has " + bytes.length + " bytes, more than " + MAX_BYTES);
    }
    try {
      return TdxQuoteParser.parse(bytes);
    } catch (MalformedQuoteException e) {
      return new Malformed(e.reason());
    }
  }
}
