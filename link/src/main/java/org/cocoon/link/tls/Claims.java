package org.cocoon.link.tls;

import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.DerValue;
import org.cocoon.link.evidence.Role;

/**
 * What a node says of itself, and its TEE signs with its key.
 *
 * <p>DER: {@code SEQUENCE { version INTEGER (1), role UTF8String, createdMillis INTEGER }}.
 *
 * @param role what it is in the network
 * @param createdAt when it made its key, in whole milliseconds
 */
record Claims(Role role, Instant createdAt) {
  private static final int VERSION = 1;
  private static final int FIELDS = 3;

  /** Until the year 4199. */
  private static final int MAX_MILLIS_BITS = 46;

  byte[] toDer() {
    return Der.sequence(
        Der.integer(VERSION), Der.text(role.word()), Der.integer(createdAt.toEpochMilli()));
  }

  /**
   * Reads claims.
   *
   * @throws DerException a sentence, for anything but the one encoding of version 1
   */
  static Claims parse(byte[] der) throws DerException {
    List<DerValue> fields = DerValue.of(der).elements(Der.SEQUENCE, FIELDS);
    int version = fields.get(0).integerUpTo(Integer.MAX_VALUE);
    if (version != VERSION) {
      throw new DerException("the claims are of version " + version + ", not " + VERSION);
    }
    String word = fields.get(1).text();
    Role role = Role.ofWord(word).orElseThrow(() -> new DerException("the role is unknown"));
    BigInteger millis = fields.get(2).integer();
    if (millis.signum() < 0 || millis.bitLength() > MAX_MILLIS_BITS) {
      throw new DerException("the time is out of range");
    }
    return new Claims(role, Instant.ofEpochMilli(millis.longValue()));
  }
}
