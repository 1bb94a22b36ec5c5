package org.cocoon.link.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ASN1UTF8String;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
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

  byte[] toDer() {
    try {
      return new DERSequence(
              new ASN1Primitive[] {
                new ASN1Integer(VERSION),
                new DERUTF8String(role.word()),
                new ASN1Integer(createdAt.toEpochMilli())
              })
          .getEncoded("DER");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads claims.
   *
   * @throws IOException a sentence, for anything but the one encoding of version 1
   */
  static Claims parse(byte[] der) throws IOException {
    try {
      ASN1Sequence sequence = ASN1Sequence.getInstance(ASN1Primitive.fromByteArray(der));
      int version = ASN1Integer.getInstance(sequence.getObjectAt(0)).intValueExact();
      if (version != VERSION || sequence.size() != FIELDS) {
        throw new IOException("the claims are of version " + version + ", not " + VERSION);
      }
      String word = ASN1UTF8String.getInstance(sequence.getObjectAt(1)).getString();
      long millis = ASN1Integer.getInstance(sequence.getObjectAt(2)).longValueExact();
      Role role = Role.ofWord(word).orElseThrow(() -> new IOException("the role is unknown"));
      Claims claims = new Claims(role, Instant.ofEpochMilli(millis));
      if (!Arrays.equals(claims.toDer(), der)) {
        throw new IOException("the claims are not DER");
      }
      return claims;
    } catch (RuntimeException e) {
      throw new IOException("the claims cannot be read: " + e.getMessage(), e);
    }
  }
}
