package org.cocoon.router.ledger;

import static java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A router's spool on disk: whose it is, and up to where the database said it is applied.
 *
 * <pre>
 *   lock       held while a router uses the folder
 *   identity   the spool's id, the router's and the database's: written once
 *   applied    two slots of position and CRC-32C, written in turn: one is always whole
 *   N.spool    segments, see {@link SpoolLog}
 * </pre>
 *
 * <p>Not thread-safe.
 */
final class SpoolFolder implements AutoCloseable {
  private static final String FORMAT = "cocoon-spool-1";
  private static final int SLOTS = 2;
  private static final int SLOT_BYTES = 16;

  private final Path folder;
  private final FileLock lock;
  private final FileChannel appliedFile;
  private @Nullable Identity identity;
  private long applied;
  private int slot;

  /**
   * Whose a spool is.
   *
   * @param spool its own id, random
   * @param router the router's id
   * @param database the database's id
   */
  record Identity(UUID spool, String router, UUID database) {}

  private SpoolFolder(
      Path folder, FileLock lock, FileChannel appliedFile, @Nullable Identity identity)
      throws IOException {
    this.folder = folder;
    this.lock = lock;
    this.appliedFile = appliedFile;
    this.identity = identity;
    for (int i = 0; i < SLOTS; i++) {
      long position = readSlot(appliedFile, i);
      if (position >= applied) {
        applied = position;
        slot = 1 - i;
      }
    }
  }

  /**
   * Opens a folder, which is made if it is missing.
   *
   * @throws IOException if another process uses it, or it is none
   */
  static SpoolFolder open(Path folder) throws IOException {
    Files.createDirectories(
        folder,
        PosixFilePermissions.asFileAttribute(Set.of(OWNER_READ, OWNER_WRITE, OWNER_EXECUTE)));
    FileLock lock = lock(folder);
    try {
      FileChannel applied =
          FileChannel.open(
              folder.resolve("applied"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      return new SpoolFolder(folder, lock, applied, readIdentity(folder.resolve("identity")));
    } catch (IOException | RuntimeException e) {
      lock.channel().close();
      throw e;
    }
  }

  Path path() {
    return folder;
  }

  /** Whose it is, or null if it is nobody's yet. */
  @Nullable Identity identity() {
    return identity;
  }

  /** Makes it somebody's, for good. */
  void become(Identity owner) throws IOException {
    Path draft = folder.resolve("identity.new");
    try (FileChannel out =
        FileChannel.open(
            draft,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      String text =
          String.join(
              "\n", FORMAT, owner.spool().toString(), owner.database().toString(), owner.router());
      ByteBuffer bytes = StandardCharsets.UTF_8.encode(text + "\n");
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(draft, folder.resolve("identity"), StandardCopyOption.ATOMIC_MOVE);
    forceEntries(folder);
    identity = owner;
  }

  /** The furthest position that the database confirmed as applied. */
  long applied() {
    return applied;
  }

  /** Notes, durably, that the database has applied all before a position. */
  void applied(long position) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(SLOT_BYTES).putLong(0, position).putInt(8, crc(position));
    while (bytes.hasRemaining()) {
      appliedFile.write(bytes, (long) slot * SLOT_BYTES + bytes.position());
    }
    appliedFile.force(false);
    applied = position;
    slot = 1 - slot;
  }

  @Override
  public void close() throws IOException {
    appliedFile.close();
    lock.channel().close();
  }

  /** What a folder says, whoever uses it: for looking only. */
  record Peek(Identity identity, long applied) {}

  /**
   * Looks into a folder without taking it.
   *
   * @throws IOException if it is no spool
   */
  static Peek peek(Path folder) throws IOException {
    Identity identity = readIdentity(folder.resolve("identity"));
    if (identity == null) {
      throw new IOException(folder + " holds no spool");
    }
    try (FileChannel applied =
        FileChannel.open(folder.resolve("applied"), StandardOpenOption.READ)) {
      long furthest = 0;
      for (int i = 0; i < SLOTS; i++) {
        furthest = Math.max(furthest, readSlot(applied, i));
      }
      return new Peek(identity, furthest);
    }
  }

  /** The position in a slot, or 0 if it was never whole. */
  private static long readSlot(FileChannel file, int slot) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(SLOT_BYTES);
    long start = (long) slot * SLOT_BYTES;
    while (bytes.hasRemaining()) {
      if (file.read(bytes, start + bytes.position()) < 0) {
        return 0;
      }
    }
    long position = bytes.getLong(0);
    return bytes.getInt(Long.BYTES) == crc(position) ? position : 0;
  }

  /** Makes names in a folder as durable as what the files hold. */
  static void forceEntries(Path folder) throws IOException {
    try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
      entries.force(true);
    }
  }

  private static @Nullable Identity readIdentity(Path file) throws IOException {
    if (!Files.exists(file)) {
      return null;
    }
    List<String> lines = Files.readAllLines(file);
    try {
      if (lines.size() == 4 && lines.get(0).equals(FORMAT)) {
        return new Identity(
            UUID.fromString(lines.get(1)), lines.get(3), UUID.fromString(lines.get(2)));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is damaged: restore it from a copy of the disk", e);
    }
    throw new IOException(file + " is damaged, or of another version of Cocoon: use that one");
  }

  private static FileLock lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // this very process has it: said below
    }
    if (lock == null) {
      channel.close();
      throw new IOException("another router uses the spool in " + folder);
    }
    return lock;
  }

  private static int crc(long position) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).putLong(0, position));
    return (int) crc.getValue();
  }
}
