package org.cocoon.devnet.chain;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A file of records, each with its length and CRC-32C before it, to which the chain only appends. A
 * record that a crash cut off is removed when the log is opened. For one thread.
 */
final class ChainLog implements Closeable {
  private static final String FILE = "chain.log";
  private static final int HEADER_BYTES = 8;
  private static final int MAX_RECORD_BYTES = 256 << 20;

  private final FileChannel file;
  private final @Nullable Path temporary;
  private long end;

  private ChainLog(FileChannel file, @Nullable Path temporary) {
    this.file = file;
    this.temporary = temporary;
  }

  /** What is done with each record when the log is opened. */
  interface Reader {
    /** Takes a record, and where its first byte stands. */
    void accept(long position, ByteBuffer record);
  }

  /** Opens a folder's log, or a temporary one without a folder, and reads what is in it. */
  static ChainLog open(@Nullable Path folder, Reader reader) {
    try {
      if (folder == null) {
        Path file = Files.createTempFile("cocoon-devnet-", ".log");
        return new ChainLog(
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE), file);
      }
      Files.createDirectories(folder);
      FileChannel file =
          FileChannel.open(
              folder.resolve(FILE),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      lock(file, folder);
      ChainLog log = new ChainLog(file, null);
      log.replay(reader);
      return log;
    } catch (IOException e) {
      throw new ChainException(
          Kind.BROKEN, "the chain's data in " + folder + " cannot be opened: " + e, e);
    }
  }

  /** Held until the process ends, however it ends. */
  private static void lock(FileChannel file, Path folder) throws IOException {
    FileLock lock;
    try {
      lock = file.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new ChainException(
          Kind.BUSY, "another devnet runs on " + folder + ": stop it or give another --data");
    }
  }

  private void replay(Reader reader) throws IOException {
    long size = file.size();
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
    while (end + HEADER_BYTES <= size) {
      read(header.clear(), end);
      int length = header.getInt(0);
      if (length < 1 || length > MAX_RECORD_BYTES || end + HEADER_BYTES + length > size) {
        break;
      }
      ByteBuffer record = ByteBuffer.allocate(length);
      read(record, end + HEADER_BYTES);
      record.flip();
      if (crc(record) != header.getInt(4)) {
        if (end + HEADER_BYTES + length < size) {
          throw new ChainException(
              Kind.BROKEN,
              "the chain's log is damaged at byte " + end + ": remove its folder to start anew");
        }
        break;
      }
      reader.accept(end + HEADER_BYTES, record);
      end += HEADER_BYTES + length;
    }
    file.truncate(end);
  }

  private void read(ByteBuffer into, long position) throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int count = file.read(into, at);
      if (count < 0) {
        throw new IOException("the log ends too early");
      }
      at += count;
    }
  }

  private static int crc(ByteBuffer record) {
    CRC32C crc = new CRC32C();
    crc.update(record.duplicate());
    return (int) crc.getValue();
  }

  /** Where the next record's first byte will stand. */
  long nextPosition() {
    return end + HEADER_BYTES;
  }

  /** Appends a record; when this returns with force, it is on the disk. */
  void append(byte[] record, boolean force) {
    ByteBuffer buffer = ByteBuffer.allocate(HEADER_BYTES + record.length);
    buffer.putInt(record.length).putInt(crc(ByteBuffer.wrap(record))).put(record).flip();
    try {
      long at = end;
      while (buffer.hasRemaining()) {
        at += file.write(buffer, at);
      }
      if (force && temporary == null) {
        file.force(false);
      }
      end = at;
    } catch (IOException e) {
      throw new ChainException(Kind.BROKEN, "the chain's log cannot be written: " + e, e);
    }
  }

  /** Bytes of the log. */
  byte[] bytes(long position, int length) {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    try {
      read(buffer, position);
    } catch (IOException e) {
      throw new ChainException(Kind.BROKEN, "the chain's log cannot be read: " + e, e);
    }
    return buffer.array();
  }

  /** Writes everything to the disk; a temporary log is removed. */
  @Override
  public void close() {
    try {
      file.force(true);
      file.close();
      if (temporary != null) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new ChainException(Kind.BROKEN, "the chain's log cannot be closed: " + e, e);
    }
  }
}
