package org.cocoon.link.registry;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cocoon.link.evidence.Digests;

/**
 * What one endpoint says of the registry: the data of the contract in one block
 * (contracts/tolk/src/registry.tolk).
 *
 * @param version how many changes were applied
 * @param activatesAt when the announced document may be applied
 * @param document in force
 * @param pending announced
 * @param revoked taken back, in 64 hexadecimal digits, and since when
 * @param asOf time of that block
 */
record RegistryState(
    long version,
    Instant activatesAt,
    ByteString document,
    Optional<ByteString> pending,
    SortedMap<String, Instant> revoked,
    Instant asOf) {

  /** The longest document: 160 cells of 127 bytes, as the contract has it. */
  static final int MAX_DOCUMENT_BYTES = 160 * 127;

  private static final int STANDARD_ADDRESS = 0b10;
  private static final int NO_ADDRESS = 0b00;
  private static final int ADDRESS_BITS = 1 + 8 + 256;

  /** Copies the map. */
  RegistryState {
    revoked = Collections.unmodifiableSortedMap(new TreeMap<>(revoked));
  }

  /**
   * Reads the contract's data.
   *
   * @param data a bag of cells
   */
  static RegistryState read(byte[] data, Instant asOf) throws MalformedStateException {
    CellReader in = BagOfCells.root(data).read();
    skipAddress(in, false); // admin
    skipAddress(in, true); // candidate
    in.skipBits(32); // delay
    long version = in.uint(32);
    in.skipBits(64); // treasury
    Instant activatesAt = Instant.ofEpochSecond(in.uint(32));
    ByteString document = snake(in.ref());
    Optional<Cell> pending = in.maybeRef();
    Optional<Cell> revoked = in.maybeRef();
    in.end();
    return new RegistryState(
        version,
        activatesAt,
        document,
        pending.isPresent() ? Optional.of(snake(pending.get())) : Optional.empty(),
        revoked.isPresent() ? RevokedHashes.read(revoked.get()) : Collections.emptySortedMap(),
        asOf);
  }

  private static void skipAddress(CellReader in, boolean mayBeMissing)
      throws MalformedStateException {
    long tag = in.uint(2);
    if (tag == NO_ADDRESS && mayBeMissing) {
      return;
    }
    if (tag != STANDARD_ADDRESS) {
      throw new MalformedStateException("its data does not begin with an address");
    }
    in.skipBits(ADDRESS_BITS);
  }

  /** Bytes in a chain of cells, each of which has whole bytes and refers to the next. */
  private static ByteString snake(Cell first) throws MalformedStateException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CellReader in = first.read();
    while (true) {
      if (in.bitsLeft() % 8 != 0 || in.refsLeft() > 1) {
        throw new MalformedStateException("a document is not bytes in a chain of cells");
      }
      bytes.writeBytes(in.bytes(in.bitsLeft() / 8));
      if (bytes.size() > MAX_DOCUMENT_BYTES) {
        throw new MalformedStateException(
            "a document has more than " + MAX_DOCUMENT_BYTES + " bytes");
      }
      if (in.refsLeft() == 0) {
        return ByteString.copyFrom(bytes.toByteArray());
      }
      in = in.ref().read();
    }
  }

  /** Names a document for logs and status: the first 16 digits of its SHA-256. */
  static String digest(ByteString document) {
    return Digests.sha256Hex(document.toByteArray()).substring(0, 16);
  }
}
