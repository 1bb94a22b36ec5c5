package org.cocoon.link.evidence;

import java.math.BigInteger;
import java.security.PublicKey;
import java.time.Instant;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * An X.509 certificate revocation list of version 2, signed with ecdsa-with-SHA256, in the one
 * encoding that it has. RFC 5280, 5.1.
 *
 * <p>Lists that leave something out (delta lists, lists of one distribution point) say so in a
 * critical extension, and no critical extension is known here.
 *
 * @param frame the list as it was signed
 * @param issuer the issuer's name in DER
 * @param thisUpdate when it was made
 * @param nextUpdate when it ends; a list without an end is refused
 * @param revoked serial numbers, whatever the reason of their revocation
 */
record RevocationList(
    EcdsaSigned frame,
    byte[] issuer,
    Instant thisUpdate,
    Instant nextUpdate,
    Set<BigInteger> revoked) {
  private static final int EXTENSIONS_TAG = 0xa0;
  private static final int VERSION_2 = 1;

  RevocationList {
    revoked = Set.copyOf(revoked);
  }

  /** Reads a list; its signature is not checked yet. */
  static RevocationList parse(byte[] der) throws DerException {
    EcdsaSigned frame = EcdsaSigned.parse(der);
    Iterator<DerValue> fields = frame.signedPart().elements(Der.SEQUENCE).iterator();
    if (next(fields).integerUpTo(VERSION_2) != VERSION_2) {
      throw new DerException("it is not version 2");
    }
    if (!next(fields).is(EcdsaSigned.algorithm())) {
      throw new DerException("it names another algorithm inside than outside");
    }
    DerValue issuer = next(fields);
    issuer.expect(Der.SEQUENCE);
    Instant thisUpdate = next(fields).time();
    Instant nextUpdate = next(fields).time();
    Set<BigInteger> revoked = Set.of();
    DerValue field = fields.hasNext() ? fields.next() : null;
    if (field != null && field.tag() == Der.SEQUENCE) {
      revoked = entries(field);
      field = fields.hasNext() ? fields.next() : null;
    }
    if (field == null || fields.hasNext()) {
      throw new DerException("it does not end with its extensions");
    }
    requireNoCritical(field.elements(EXTENSIONS_TAG, 1).getFirst());
    return new RevocationList(frame, issuer.encoded(), thisUpdate, nextUpdate, revoked);
  }

  /** Whether this key signed it. */
  boolean signedBy(PublicKey key) {
    return frame.signedBy(key);
  }

  private static Set<BigInteger> entries(DerValue list) throws DerException {
    Set<BigInteger> serials = new HashSet<>();
    for (DerValue entry : list.elements(Der.SEQUENCE)) {
      List<DerValue> fields = entry.elements(Der.SEQUENCE);
      if (fields.size() < 2 || fields.size() > 3) {
        throw new DerException("an entry is not serial number, date and extensions");
      }
      fields.get(1).time();
      if (fields.size() == 3) {
        requireNoCritical(fields.get(2));
      }
      if (!serials.add(fields.getFirst().integer())) {
        throw new DerException("a serial number is there twice");
      }
    }
    return serials;
  }

  private static void requireNoCritical(DerValue extensions) throws DerException {
    for (DerValue element : extensions.elements(Der.SEQUENCE)) {
      if (EcdsaCertificate.extension(element).critical()) {
        throw new DerException("it has a critical extension");
      }
    }
  }

  private static DerValue next(Iterator<DerValue> fields) throws DerException {
    if (!fields.hasNext()) {
      throw new DerException("it ends too early");
    }
    return fields.next();
  }
}
