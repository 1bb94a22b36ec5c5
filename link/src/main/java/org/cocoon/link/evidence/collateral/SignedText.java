package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Map;

/**
 * A JSON text and the signature over it, as Intel sends both: {@code
 * {"tcbInfo":{...},"signature":"..."}}.
 *
 * @param text the inner object, byte for byte
 * @param signature r and s, big-endian, 64 bytes
 */
record SignedText(String text, byte[] signature) {
  private static final int SIGNATURE_DIGITS = 128;

  /** Reads the answer whose signed object has this name. */
  static SignedText read(String json, String name) throws IOException {
    Map<String, String> members = JsonMembers.of(json);
    String text = JsonMembers.required(members, name);
    if (!text.startsWith("{")) {
      throw new IOException("member '" + name + "' is not an object");
    }
    return new SignedText(text, signature(JsonMembers.text(members, "signature"), "signature"));
  }

  /** Reads 64 bytes in hexadecimal digits of either case. */
  static byte[] signature(String hex, String name) throws IOException {
    if (hex.length() != SIGNATURE_DIGITS) {
      throw new IOException("member '" + name + "' has not " + SIGNATURE_DIGITS + " digits");
    }
    return bytes(hex, name);
  }

  static byte[] bytes(String hex, String name) throws IOException {
    try {
      return HexFormat.of().parseHex(hex);
    } catch (IllegalArgumentException e) {
      throw new IOException("member '" + name + "' is not hexadecimal", e);
    }
  }

  /** The answer that {@link #read} reads. */
  static String write(String name, String text, byte[] signature) {
    return "{\""
        + name
        + "\":"
        + text
        + ",\"signature\":\""
        + HexFormat.of().formatHex(signature)
        + "\"}";
  }
}
