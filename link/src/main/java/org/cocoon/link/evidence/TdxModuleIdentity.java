package org.cocoon.link.evidence;

import java.util.Arrays;
import java.util.HexFormat;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * Who signed a TDX module, and its attributes.
 *
 * @param mrSigner hash of the signer, 48 bytes, zero for Intel's
 * @param attributes the attributes that it must have
 * @param attributesMask which of them count
 */
record TdxModuleIdentity(byte[] mrSigner, long attributes, long attributesMask) {

  static TdxModuleIdentity parse(JsonObject json) throws JsonException {
    return new TdxModuleIdentity(
        SignedJson.bytes(json, "mrsigner", Measurements.REGISTER_BYTES),
        littleEndian(SignedJson.bytes(json, "attributes", Long.BYTES)),
        littleEndian(SignedJson.bytes(json, "attributesMask", Long.BYTES)));
  }

  /** Whether the module that a quote reports is this one; attributes that do not count are zero. */
  boolean matches(Measurements measurements) {
    long actual = measurements.seamAttributes();
    return Arrays.equals(HexFormat.of().parseHex(measurements.mrSignerSeam()), mrSigner)
        && (actual & attributesMask) == (attributes & attributesMask)
        && (actual & ~attributesMask) == 0;
  }

  private static long littleEndian(byte[] bytes) {
    long value = 0;
    for (int i = bytes.length - 1; i >= 0; i--) {
      value = value << 8 | (bytes[i] & 0xff);
    }
    return value;
  }
}
