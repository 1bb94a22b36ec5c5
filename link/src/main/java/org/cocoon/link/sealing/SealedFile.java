package org.cocoon.link.sealing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Optional;

/**
 * One small file that only the same image in the same role can read again, and whose older versions
 * are refused.
 *
 * <p>Every version has a number, which the counter says is the newest:
 *
 * <pre>
 * counter n, file n      as it should be
 * counter n, file n + 1  a crash after the write: the file is taken and the counter moved on
 * counter n, file below  set back: refused
 * counter n, no file     n = 0: never written; else removed: refused
 * counter n, file above  the counter was set back: refused
 * </pre>
 *
 * <p>So a version is written first and counted second, and what {@link #save} has returned from can
 * neither be lost nor set back. One thing a counter alone cannot tell: a version that was written
 * but not counted, and was hidden meanwhile, has the same number as the next one that is saved.
 *
 * <p>A file has one owner: one process, one instance. Safe for use by many threads; blocks.
 */
public final class SealedFile {
  /** Longest content in bytes. */
  public static final int MAX_CONTENT_BYTES = 16 * 1024 * 1024;

  private static final int MAX_FILE_BYTES =
      MAX_CONTENT_BYTES + SealedFormat.FIXED_BYTES + 64 + SealedFormat.TAG_BYTES;

  private final Path file;
  private final String label;
  private final SealingKeys keys;
  private final MonotonicCounter counter;
  private final SecureRandom random;
  private State state = State.NOT_OPENED;
  private long known;

  private enum State {
    /** Nothing may be saved: it is not known what is there. */
    NOT_OPENED,
    /** What is there was read, or nothing was there. */
    OPENED,
    /** A save failed half-way: the same number must not be used for other content. */
    IN_DOUBT
  }

  /** What came of opening the file. */
  public sealed interface Opened {

    /**
     * The newest version.
     *
     * @param content the caller's own
     * @param version its number, from 1
     * @param repaired whether a crash had left it uncounted
     */
    record Content(byte[] content, long version, boolean repaired) implements Opened {}

    /** Nothing was ever saved. */
    record Empty() implements Opened {}

    /**
     * There is something else than the newest version.
     *
     * @param reason the first check that failed
     * @param detail what was found, for an operator; without secrets
     */
    record Refused(Reason reason, String detail) implements Opened {}
  }

  /** Why a file is refused, in the order of the checks. */
  public enum Reason {
    /** There is no file, although one was saved. */
    REMOVED,
    /** The bytes are not a sealed file of a known version. */
    MALFORMED,
    /** The file was sealed for another purpose. */
    OTHER_LABEL,
    /** Another image, another role or another machine sealed it. */
    OTHER_KEY,
    /** Header or content are not as they were sealed. */
    DAMAGED,
    /** An older version than the newest. */
    ROLLED_BACK,
    /** A version that was never counted, nor follows the newest: the counter was set back. */
    COUNTER_BEHIND
  }

  /**
   * Names a file, which need not be there.
   *
   * @param file in a folder that is there
   * @param label what it is for, and the counter's name: 1 to 64 of a-z, 0-9, dot, dash, underscore
   */
  public SealedFile(Path file, String label, SealingKeys keys, MonotonicCounter counter) {
    this(file, label, keys, counter, new SecureRandom());
  }

  SealedFile(
      Path file, String label, SealingKeys keys, MonotonicCounter counter, SecureRandom random) {
    SealedFormat.requireLabel(label);
    this.file = file;
    this.label = label;
    this.keys = keys;
    this.counter = counter;
    this.random = random;
  }

  /**
   * Reads the newest version, and counts it where a crash kept that from happening.
   *
   * @throws IOException if file or counter cannot be read
   */
  public synchronized Opened open() throws IOException {
    state = State.NOT_OPENED;
    long newest = counter.current(label);
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    } catch (NoSuchFileException _) {
      if (newest > 0) {
        return refused(Reason.REMOVED, "it is gone, and version " + newest + " was saved");
      }
      opened(0);
      return new Opened.Empty();
    }
    Optional<SealedFormat.Parts> parts =
        bytes.length > MAX_FILE_BYTES ? Optional.empty() : SealedFormat.read(bytes);
    return parts.isEmpty()
        ? refused(Reason.MALFORMED, "it is not a sealed file of version " + SealedFormat.VERSION)
        : open(parts.get(), newest);
  }

  private Opened open(SealedFormat.Parts parts, long newest) throws IOException {
    if (!parts.label().equals(label)) {
      return refused(Reason.OTHER_LABEL, "it is of '" + parts.label() + "', not '" + label + "'");
    }
    byte[] key = keys.derive(label);
    Optional<byte[]> content;
    try {
      if (!SealedFormat.isKeyOf(key, parts)) {
        return refused(
            Reason.OTHER_KEY, "another image, role or machine sealed it, or its key id is damaged");
      }
      content = SealedFormat.open(key, parts);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
    if (content.isEmpty()) {
      return refused(Reason.DAMAGED, "header or content are not as they were sealed");
    }
    long version = parts.counter();
    if (version < newest) {
      return refused(Reason.ROLLED_BACK, "rolled back: it is version " + version + " of " + newest);
    }
    if (version > newest + 1) {
      return refused(
          Reason.COUNTER_BEHIND, "it is version " + version + ", the counter says " + newest);
    }
    if (version == newest + 1) {
      counter.advance(label, newest, version);
    }
    opened(version);
    return new Opened.Content(content.get(), version, version != newest);
  }

  /**
   * Writes and counts the next version; when this returns, it is there after a crash.
   *
   * @param content at most {@link #MAX_CONTENT_BYTES}
   * @return its number
   * @throws IllegalStateException if the file was not opened, or an earlier save failed: open it
   *     again
   * @throws CounterConflictException if somebody else saved a version meanwhile
   * @throws IOException if it cannot be written or counted: it may or may not be there then
   */
  public synchronized long save(byte[] content) throws IOException {
    if (content.length > MAX_CONTENT_BYTES) {
      throw new IllegalArgumentException(
          "the content has " + content.length + " bytes, more than " + MAX_CONTENT_BYTES);
    }
    if (state != State.OPENED) {
      throw new IllegalStateException(
          file + " must be opened first" + (state == State.IN_DOUBT ? ", a save failed" : ""));
    }
    long newest = known;
    long counted = counter.current(label);
    if (counted != newest) {
      throw new CounterConflictException(label, newest, counted);
    }
    byte[] nonce = new byte[SealedFormat.NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] key = keys.derive(label);
    byte[] sealed;
    try {
      sealed = SealedFormat.seal(key, label, newest + 1, nonce, content);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
    state = State.IN_DOUBT;
    DurableFiles.replace(file, sealed);
    counter.advance(label, newest, newest + 1);
    opened(newest + 1);
    return newest + 1;
  }

  private void opened(long version) {
    known = version;
    state = State.OPENED;
  }

  private Opened.Refused refused(Reason reason, String detail) {
    return new Opened.Refused(reason, file + ": " + detail);
  }
}
