package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.util.HexFormat;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * A JSON text and the signature over it, as Intel sends both: {@code
 * {"tcbInfo":{...},"signature":"..."}}.
 *
 * @param text the inner object, byte for byte
 * @param signature r and s, big-endian
 */
record SignedText(String text, byte[] signature) {

  /** Reads an answer of bounded length whose signed object has this name. */
  static SignedText read(byte[] json, String name) throws IOException {
    try {
      JsonObject answer = Json.parse(json, json.length);
      return new SignedText(
          answer.object(name).raw(), HexFormat.of().parseHex(answer.text("signature")));
    } catch (JsonException e) {
      throw new IOException(e.reason(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException("key 'signature' must be hexadecimal", e);
    }
  }
}
