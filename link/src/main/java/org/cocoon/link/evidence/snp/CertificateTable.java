package org.cocoon.link.evidence.snp;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.SignedCertificate;

/**
 * The certificates that a host hands out beside a report, as {@code auxblob} of configfs-tsm has
 * them (56421, "SNP Extended Guest Request").
 *
 * <p>A row of entries {@code GUID 16 | offset u32 | length u32}, little-endian, closed by an entry
 * of zeros; offsets count from the start of the table. The GUID's bytes are in the order in which
 * it is written. The host makes this table: nothing in it is believed before it is checked.
 */
public final class CertificateTable {
  /** Longest table that is looked at, in bytes. */
  public static final int MAX_BYTES = 64 * 1024;

  private static final int ENTRY_BYTES = 24;
  private static final int MAX_ENTRIES = 16;

  /** The entries that matter; others, such as revocation lists, are left out. */
  public enum Entry {
    /** The chip's endorsement key. */
    VCEK("63da758d-e664-4564-adc5-f4b93be8accd"),
    /** The cloud provider's endorsement key. */
    VLEK("a8074bc2-a25a-483e-aae6-39c045a0b8a1"),
    /** The key that signs endorsement keys (ASK, or ASVK for a VLEK). */
    ASK("4ab7b379-bbac-4fe4-a02f-05aef327c782"),
    /** AMD's root of the product line. */
    ARK("c0b406a4-a803-4952-9743-3fb6014cd0ae");

    private final UUID guid;

    Entry(String guid) {
      this.guid = UUID.fromString(guid);
    }
  }

  private final Map<Entry, byte[]> certificates;

  private CertificateTable(Map<Entry, byte[]> certificates) {
    this.certificates = certificates;
  }

  /** A table of these certificates (DER). */
  public static CertificateTable of(Map<Entry, byte[]> certificates) {
    return new CertificateTable(new EnumMap<>(certificates));
  }

  /**
   * Reads a table; its certificates are not looked into.
   *
   * @throws DerException a sentence, if an entry points outside, is doubled, or there is no end
   */
  public static CertificateTable parse(byte[] bytes) throws DerException {
    if (bytes.length > MAX_BYTES) {
      throw new DerException("it has " + bytes.length + " bytes, more than " + MAX_BYTES);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Map<Entry, byte[]> certificates = new EnumMap<>(Entry.class);
    try {
      for (int i = 0; i <= MAX_ENTRIES; i++) {
        UUID guid = guid(buffer);
        long offset = Integer.toUnsignedLong(buffer.getInt());
        long length = Integer.toUnsignedLong(buffer.getInt());
        if (isEnd(guid) && offset == 0 && length == 0) {
          return new CertificateTable(certificates);
        }
        if (offset > bytes.length || length > bytes.length - offset) {
          throw new DerException(
              "an entry has " + length + " bytes at " + offset + ", past the table's end");
        }
        for (Entry entry : Entry.values()) {
          if (entry.guid.equals(guid)
              && certificates.put(entry, slice(buffer, (int) offset, (int) length)) != null) {
            throw new DerException(entry + " is there twice");
          }
        }
      }
    } catch (BufferUnderflowException _) {
      throw new DerException("it ends before its closing entry");
    }
    throw new DerException("it has more than " + MAX_ENTRIES + " entries");
  }

  /** The certificate (DER) of an entry, if the table has it. */
  public Optional<byte[]> get(Entry entry) {
    return Optional.ofNullable(certificates.get(entry)).map(byte[]::clone);
  }

  /**
   * The table with nothing in it but the chain of the key that signed a report: what a host may add
   * besides is of no use to anybody.
   */
  public CertificateTable chainOf(SnpReport.SigningKey kind) {
    Map<Entry, byte[]> chain = new EnumMap<>(certificates);
    chain.remove(kind == SnpReport.SigningKey.VCEK ? Entry.VLEK : Entry.VCEK);
    return new CertificateTable(chain);
  }

  /** The table as {@link #parse} reads it. */
  public byte[] toBytes() {
    int offset = ENTRY_BYTES * (certificates.size() + 1);
    int length = offset + certificates.values().stream().mapToInt(der -> der.length).sum();
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    for (Map.Entry<Entry, byte[]> certificate : certificates.entrySet()) {
      byte[] der = certificate.getValue();
      putGuid(buffer, certificate.getKey().guid);
      buffer.putInt(offset).putInt(der.length);
      buffer.put(offset, der);
      offset += der.length;
    }
    return buffer.array();
  }

  /**
   * Reads one certificate of the table.
   *
   * @return empty if the table has none
   * @throws DerException if it has one that cannot be read
   */
  Optional<SignedCertificate> certificate(Entry entry) throws DerException {
    byte[] der = certificates.get(entry);
    if (der == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(SignedCertificate.parse(der));
    } catch (DerException e) {
      throw new DerException(entry + ": " + e.getMessage());
    }
  }

  private static boolean isEnd(UUID guid) {
    return guid.getMostSignificantBits() == 0 && guid.getLeastSignificantBits() == 0;
  }

  private static UUID guid(ByteBuffer buffer) {
    long most = Long.reverseBytes(buffer.getLong());
    return new UUID(most, Long.reverseBytes(buffer.getLong()));
  }

  private static void putGuid(ByteBuffer buffer, UUID guid) {
    buffer.putLong(Long.reverseBytes(guid.getMostSignificantBits()));
    buffer.putLong(Long.reverseBytes(guid.getLeastSignificantBits()));
  }

  private static byte[] slice(ByteBuffer buffer, int offset, int length) {
    byte[] slice = new byte[length];
    buffer.get(offset, slice);
    return slice;
  }
}
