package org.cocoon.link.evidence.collateral;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.URLDecoder;
import java.util.HexFormat;

/** How a caching server writes chains and revocation lists. */
final class PccsAnswers {
  private PccsAnswers() {}

  /** A PEM chain, percent-encoded or plain. */
  static String chain(String encoded) throws IOException {
    if (encoded.indexOf('%') < 0) {
      return encoded;
    }
    try {
      // A plus is base64's own here; only forms read it as a space.
      return URLDecoder.decode(encoded.replace("+", "%2B"), US_ASCII);
    } catch (IllegalArgumentException e) {
      throw new IOException("the issuer chain is not percent-encoded text", e);
    }
  }

  /** A revocation list, DER or the same in hexadecimal digits, as most caching servers have it. */
  static byte[] crl(byte[] body) throws IOException {
    if (body.length == 0) {
      throw new IOException("the revocation list is empty");
    }
    for (byte b : body) {
      if (Character.digit(b, 16) < 0 && b != '\r' && b != '\n') {
        return body;
      }
    }
    try {
      return HexFormat.of().parseHex(new String(body, US_ASCII).strip());
    } catch (IllegalArgumentException e) {
      throw new IOException("the revocation list is cut in the middle of a digit pair", e);
    }
  }
}
