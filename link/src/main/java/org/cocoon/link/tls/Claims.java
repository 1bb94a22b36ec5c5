package org.cocoon.link.tls;

import java.math.BigInteger;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Role;

/**
 * What a node says of itself, and its TEE signs with its key.
 *
 * <p>DER: {@code SEQUENCE { version INTEGER, role UTF8String, createdMillis INTEGER, gpuEvidence
 * [0] OCTET STRING OPTIONAL }}. The version is 2 with GPU evidence and 1 without, so that claims
 * have one encoding only.
 *
 * @param role what it is in the network
 * @param createdAt when it made its key, in whole milliseconds
 * @param gpuDigest SHA-256 of the evidence of its GPUs, 64 lower-case hexadecimal digits
 */
record Claims(Role role, Instant createdAt, Optional<String> gpuDigest) {
  private static final int WITHOUT_GPUS = 1;
  private static final int WITH_GPUS = 2;
  private static final int FIELDS = 3;
  private static final int DIGEST_BYTES = 32;

  /** Context tag 0, constructed. */
  private static final int GPU_TAG = 0xa0;

  /** Until the year 4199. */
  private static final int MAX_MILLIS_BITS = 46;

  /** Claims of a node without GPU evidence. */
  Claims(Role role, Instant createdAt) {
    this(role, createdAt, Optional.empty());
  }

  byte[] toDer() {
    int version = gpuDigest.isPresent() ? WITH_GPUS : WITHOUT_GPUS;
    byte[] gpus =
        gpuDigest
            .map(digest -> Der.tagged(0, Der.octets(HexFormat.of().parseHex(digest))))
            .orElse(new byte[0]);
    return Der.sequence(
        Der.integer(version), Der.text(role.word()), Der.integer(createdAt.toEpochMilli()), gpus);
  }

  /**
   * Reads claims.
   *
   * @throws DerException a sentence, for anything but the one encoding of versions 1 and 2
   */
  static Claims parse(byte[] der) throws DerException {
    List<DerValue> fields = DerValue.of(der).elements(Der.SEQUENCE);
    if (fields.isEmpty()) {
      throw new DerException("the claims are empty");
    }
    int version = fields.getFirst().integerUpTo(Integer.MAX_VALUE);
    if (version != WITHOUT_GPUS && version != WITH_GPUS) {
      throw new DerException("the claims are of version " + version + ", not 1 or 2");
    }
    int expected = version == WITH_GPUS ? FIELDS + 1 : FIELDS;
    if (fields.size() != expected) {
      throw new DerException(
          "claims of version " + version + " have " + expected + " fields, not " + fields.size());
    }
    String word = fields.get(1).text();
    Role role = Role.ofWord(word).orElseThrow(() -> new DerException("the role is unknown"));
    BigInteger millis = fields.get(2).integer();
    if (millis.signum() < 0 || millis.bitLength() > MAX_MILLIS_BITS) {
      throw new DerException("the time is out of range");
    }
    return new Claims(
        role,
        Instant.ofEpochMilli(millis.longValue()),
        version == WITH_GPUS ? Optional.of(digest(fields.get(FIELDS))) : Optional.empty());
  }

  private static String digest(DerValue field) throws DerException {
    byte[] digest = field.elements(GPU_TAG, 1).getFirst().expect(Der.OCTET_STRING);
    if (digest.length != DIGEST_BYTES) {
      throw new DerException(
          "the digest of the GPU evidence has " + digest.length + " bytes, not " + DIGEST_BYTES);
    }
    return HexFormat.of().formatHex(digest);
  }
}
