package org.cocoon.router.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frames on disk, one after the other, in files that are only appended to.
 *
 * <p>A position counts all bytes ever written; a segment's file is named by the position of its
 * first byte, so that segments follow each other without a gap. A frame counts once {@link #append}
 * has returned: then it is fsynced. At opening, an incomplete frame at the very end was never
 * confirmed to anybody and is cut off; anything else that is wrong is damage, and is refused.
 *
 * <p>One thread appends, one reads and drops; any may read a single frame.
 */
final class SpoolLog implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SpoolLog.class);
  private static final String SUFFIX = ".spool";
  private static final int NAME_DIGITS = 19;

  /** A new file is begun when one would grow beyond this. */
  static final int SEGMENT_BYTES = 32 << 20;

  private final Path folder;
  private final int segmentBytes;
  private final ConcurrentSkipListMap<Long, Path> segments = new ConcurrentSkipListMap<>();
  private FileChannel out;
  private long outStart;

  /** After a failed write: what lies behind the durable end of the file is not to be trusted. */
  private boolean broken;

  private volatile long durable;
  private long published;

  private SpoolLog(Path folder, int segmentBytes, FileChannel out) {
    this.folder = folder;
    this.segmentBytes = segmentBytes;
    this.out = out;
  }

  /**
   * Opens the log of a folder and reads all of it.
   *
   * @param start where a log that has no files begins
   * @throws IOException that says what is damaged, and what to do
   */
  static SpoolLog open(Path folder, int segmentBytes, long start) throws IOException {
    ConcurrentSkipListMap<Long, Path> found = new ConcurrentSkipListMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(SUFFIX)).toList()) {
        found.put(positionOf(file), file);
      }
    }
    if (found.isEmpty()) {
      found.put(start, create(folder, start));
    }
    long expected = found.firstKey();
    for (Map.Entry<Long, Path> segment : found.entrySet()) {
      if (segment.getKey() != expected) {
        throw damaged(segment.getValue(), "the bytes from " + expected + " on are missing");
      }
      boolean last = segment.getKey().equals(found.lastKey());
      expected = check(segment.getValue(), segment.getKey(), last);
    }
    FileChannel out = FileChannel.open(found.lastEntry().getValue(), StandardOpenOption.WRITE);
    SpoolLog spool = new SpoolLog(folder, segmentBytes, out);
    spool.segments.putAll(found);
    spool.outStart = found.lastKey();
    spool.durable = expected;
    spool.published = expected;
    return spool;
  }

  /** Where the next frame begins: all before is durable. */
  long end() {
    return durable;
  }

  /** The position of the first byte that is still there. */
  long start() {
    return segments.firstKey();
  }

  /** Bytes on disk. */
  long bytes() {
    return durable - start();
  }

  /**
   * Writes a frame and waits until it is durable and can be read by position. After a failure the
   * frame is not in the log, and the same may be tried again.
   */
  void append(SpoolFrame frame) throws IOException {
    if (broken) {
      repair();
    }
    ByteBuffer bytes = frame.encode(durable);
    int length = bytes.remaining();
    if (durable > outStart && durable - outStart + length > segmentBytes) {
      rotate();
    }
    try {
      long at = durable - outStart;
      while (bytes.hasRemaining()) {
        at += out.write(bytes, at);
      }
      out.force(false);
    } catch (IOException e) {
      broken = true;
      throw e;
    }
    long end = durable + length;
    durable = end; // one thread writes
  }

  /** Gives what was appended to those who {@link #await} it. */
  synchronized void publish() {
    published = durable;
    notifyAll();
  }

  /** What was published beyond a position, in bytes; waits for some until the time is over. */
  synchronized long await(long position, long nanos) throws InterruptedException {
    if (published <= position && nanos > 0) {
      TimeUnit.NANOSECONDS.timedWait(this, nanos);
    }
    return published - position;
  }

  /** Ends all waiting. */
  synchronized void wake() {
    notifyAll();
  }

  /** Deletes the files of which nothing lies at or behind a position. */
  void dropBefore(long position) throws IOException {
    while (segments.size() > 1) {
      long second = segments.higherKey(segments.firstKey());
      if (second > position) {
        return;
      }
      Files.delete(segments.pollFirstEntry().getValue());
    }
  }

  /** A reader of its own; one thread. */
  Reader reader() {
    return new Reader();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /**
   * Gives up what a failed write may have left. The pages of a failed fsync are not to be trusted,
   * not even after a second one that succeeds: the next frame goes to a new file.
   */
  private void repair() throws IOException {
    out.close();
    out = FileChannel.open(segments.lastEntry().getValue(), StandardOpenOption.WRITE);
    out.truncate(durable - outStart);
    out.force(true);
    if (durable > outStart) {
      rotate();
    }
    broken = false;
  }

  private void rotate() throws IOException {
    Path next = create(folder, durable);
    FileChannel fresh = FileChannel.open(next, StandardOpenOption.WRITE);
    out.close();
    out = fresh;
    outStart = durable;
    segments.put(durable, next);
  }

  private static Path create(Path folder, long position) throws IOException {
    String digits = Long.toString(position);
    Path file = folder.resolve("0".repeat(NAME_DIGITS - digits.length()) + digits + SUFFIX);
    FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)
        .close();
    SpoolFolder.forceEntries(folder);
    return file;
  }

  private static long positionOf(Path file) throws IOException {
    String name = String.valueOf(file.getFileName());
    try {
      return Long.parseLong(name.substring(0, name.length() - SUFFIX.length()));
    } catch (NumberFormatException e) {
      throw damaged(file, "its name is no position");
    }
  }

  /** Checks every frame of a file; returns the position behind the last one. */
  private static long check(Path file, long start, boolean last) throws IOException {
    try (FileChannel in =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long at = 0;
      long size = in.size();
      while (at < size) {
        ByteBuffer frame = frameAt(in, start, at);
        if (frame == null) {
          if (!last || hasFrameBehind(in, start, at)) {
            throw damaged(file, "there is no whole frame at " + at);
          }
          log.atWarn()
              .addKeyValue("event", "spool.torn")
              .addKeyValue("bytes", size - at)
              .log("cut off what was not confirmed to anybody when the router ended");
          in.truncate(at);
          in.force(true);
          break;
        }
        at += frame.limit();
      }
      return start + at;
    }
  }

  /** A torn frame is the last thing in a spool; damage has confirmed charges behind it. */
  private static boolean hasFrameBehind(FileChannel in, long start, long torn) throws IOException {
    int rest = Math.toIntExact(in.size() - torn);
    ByteBuffer bytes = ByteBuffer.allocate(rest);
    readFully(in, bytes, torn);
    for (int i = 1; i + SpoolFrame.HEADER_BYTES <= rest; i++) {
      ByteBuffer header = bytes.slice(i, SpoolFrame.HEADER_BYTES);
      int length = SpoolFrame.length(header, start + torn + i);
      if (length > 0 && length <= rest - i && SpoolFrame.isWhole(bytes.slice(i, length))) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable ByteBuffer frameAt(FileChannel in, long start, long at)
      throws IOException {
    ByteBuffer header = ByteBuffer.allocate(SpoolFrame.HEADER_BYTES);
    if (!readFully(in, header, at)) {
      return null;
    }
    int length = SpoolFrame.length(header, start + at);
    if (length == 0) {
      return null;
    }
    ByteBuffer frame = ByteBuffer.allocate(length).put(header.flip());
    if (!readFully(in, frame, at + SpoolFrame.HEADER_BYTES)) {
      return null;
    }
    frame.flip();
    return SpoolFrame.isWhole(frame) ? frame : null;
  }

  private static boolean readFully(FileChannel in, ByteBuffer to, long at) throws IOException {
    long next = at;
    while (to.hasRemaining()) {
      int read = in.read(to, next);
      if (read < 0) {
        return false;
      }
      next += read;
    }
    return true;
  }

  private static IOException damaged(Path file, String what) {
    return new IOException(
        "%s is damaged: %s. It holds charges that were confirmed to clients: restore it from a copy"
                .formatted(file, what)
            + " of the disk. To give these charges up, move the folder away and run"
            + " 'cocoon ledger abandon-spool' for this router.");
  }

  /** Reads frames in order. */
  final class Reader implements AutoCloseable {
    private @Nullable FileChannel in;
    private long inStart = -1;

    /**
     * The frame at a position.
     *
     * @return it and where the next one begins; null if its file was dropped
     */
    @Nullable Found read(long position) throws IOException {
      Map.Entry<Long, Path> segment = segments.floorEntry(position);
      if (segment == null || position >= durable) {
        return null;
      }
      FileChannel channel = in;
      if (channel == null || inStart != segment.getKey()) {
        close();
        channel = FileChannel.open(segment.getValue(), StandardOpenOption.READ);
        in = channel;
        inStart = segment.getKey();
      }
      ByteBuffer frame = frameAt(channel, inStart, position - inStart);
      if (frame == null) {
        throw damaged(segment.getValue(), "there is no whole frame at " + (position - inStart));
      }
      return new Found(SpoolFrame.decode(frame), position + frame.limit());
    }

    @Override
    public void close() throws IOException {
      FileChannel channel = in;
      in = null;
      if (channel != null) {
        channel.close();
      }
    }
  }

  /** A frame and the position behind it. */
  record Found(SpoolFrame frame, long end) {}
}
