package org.cocoon.link.sealing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.link.evidence.Digests;

/**
 * One small file that only the same image in the same role can read again, and whose older versions
 * are refused.
 *
 * <p>Every version has a number, and the counter says which is the newest and what its digest is:
 *
 * <pre>
 * counter n, file n      the digest fits: as it should be; else another file n was counted: refused
 * counter n, file n + 1  a crash after the write: the file is taken and the counter moved on
 * counter n, file below  set back: refused
 * counter n, no file     n = 0: never written; else removed: refused
 * counter n, file above  the counter was set back: refused
 * </pre>
 *
 * <p>So a version is written first and counted second, and what {@link #save} has returned from can
 * neither be lost nor set back.
 *
 * <p>Each key has a counter of its own, {@code LABEL.KEYID}. So another image begins at 0 while the
 * first one's count stands, and finds its own file again, under the name FILE.KEYID, when it comes
 * back.
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
    /** It has the newest version's number, but another one was counted with it. */
    NOT_COUNTED,
    /** A version that was never counted, nor follows the newest: the counter was set back. */
    COUNTER_BEHIND
  }

  /**
   * Names a file, which need not be there.
   *
   * @param file in a folder that is there
   * @param label what it is for, and the counter's name begins with: 1 to 64 of a-z, 0-9, dot,
   *     dash, underscore
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
   * Reads the newest version, and counts it where a crash kept that from happening. If there is no
   * file, one of this image that was set aside is given its name back.
   *
   * @throws IOException if file or counter cannot be read
   */
  public synchronized Opened open() throws IOException {
    return withKey(this::open);
  }

  /**
   * Opens this image's file where another's lies, which is set aside as FILE.KEYID.
   *
   * @return as {@link #open}: empty if this image never saved one; refused, with all left as it is,
   *     if it saved one and that is not there
   * @throws IllegalStateException if no other image's file lies there
   * @throws IOException if file or counter cannot be read, or the other file's place is taken
   */
  public synchronized Opened openBesideOther() throws IOException {
    return withKey(
        key -> {
          SealedFormat.Parts other =
              read()
                  .flatMap(SealedFormat::read)
                  .filter(parts -> parts.label().equals(label))
                  .filter(parts -> !SealedFormat.isKeyOf(key, parts))
                  .orElseThrow(() -> new IllegalStateException(file + " is no other image's"));
          long newest = counter.current(counterName(key)).value();
          if (newest > 0 && !Files.exists(aside(SealedFormat.keyId(key)))) {
            return refused(
                Reason.OTHER_KEY,
                "another image, role or machine sealed it, or its key id is damaged; this image"
                    + " saved version "
                    + newest
                    + ", which is gone");
          }
          DurableFiles.rename(file, aside(other.keyId()));
          return open(key);
        });
  }

  /**
   * Gives up what was saved: sets aside what lies there as FILE.given-up-N, if anything does. The
   * next version that is saved has a higher number than all that were counted.
   *
   * @throws IOException if the counter cannot be asked or the file not be renamed
   */
  public synchronized void giveUp() throws IOException {
    state = State.NOT_OPENED;
    long newest =
        withKey(
            key -> {
              long counted = counter.current(counterName(key)).value();
              if (Files.exists(file)) {
                DurableFiles.rename(
                    file, file.resolveSibling(file.getFileName() + ".given-up-" + counted));
              }
              return counted;
            });
    opened(newest);
  }

  private Opened open(byte[] key) throws IOException {
    state = State.NOT_OPENED;
    MonotonicCounter.Count newest = counter.current(counterName(key));
    Path own = aside(SealedFormat.keyId(key));
    if (Files.notExists(file) && Files.exists(own)) {
      DurableFiles.rename(own, file);
    }
    Optional<byte[]> bytes = read();
    if (bytes.isEmpty()) {
      if (newest.value() > 0) {
        return refused(Reason.REMOVED, "it is gone, and version " + newest.value() + " was saved");
      }
      opened(0);
      return new Opened.Empty();
    }
    Optional<SealedFormat.Parts> parts =
        bytes.filter(all -> all.length <= MAX_FILE_BYTES).flatMap(SealedFormat::read);
    return parts.isEmpty()
        ? refused(Reason.MALFORMED, "it is not a sealed file of version " + SealedFormat.VERSION)
        : open(key, parts.get(), newest, Digests.sha256(bytes.get()));
  }

  private Opened open(
      byte[] key, SealedFormat.Parts parts, MonotonicCounter.Count counted, byte[] digest)
      throws IOException {
    if (!parts.label().equals(label)) {
      return refused(Reason.OTHER_LABEL, "it is of '" + parts.label() + "', not '" + label + "'");
    }
    if (!SealedFormat.isKeyOf(key, parts)) {
      return refused(
          Reason.OTHER_KEY, "another image, role or machine sealed it, or its key id is damaged");
    }
    Optional<byte[]> content = SealedFormat.open(key, parts);
    if (content.isEmpty()) {
      return refused(Reason.DAMAGED, "header or content are not as they were sealed");
    }
    long newest = counted.value();
    long version = parts.counter();
    if (version < newest) {
      return refused(Reason.ROLLED_BACK, "rolled back: it is version " + version + " of " + newest);
    }
    if (version > newest + 1) {
      return refused(
          Reason.COUNTER_BEHIND, "it is version " + version + ", the counter says " + newest);
    }
    if (version == newest && !counted.isOf(digest)) {
      return refused(
          Reason.NOT_COUNTED, "another file was counted as version " + version + " than this one");
    }
    if (version == newest + 1) {
      counter.advance(counterName(key), newest, new MonotonicCounter.Count(version, digest));
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
    return withKey(key -> save(key, content, known));
  }

  private long save(byte[] key, byte[] content, long newest) throws IOException {
    String name = counterName(key);
    long counted = counter.current(name).value();
    if (counted != newest) {
      throw new CounterConflictException(name, newest, counted);
    }
    byte[] nonce = new byte[SealedFormat.NONCE_BYTES];
    random.nextBytes(nonce);
    byte[] sealed = SealedFormat.seal(key, label, newest + 1, nonce, content);
    state = State.IN_DOUBT;
    DurableFiles.replace(file, sealed);
    counter.advance(name, newest, new MonotonicCounter.Count(newest + 1, Digests.sha256(sealed)));
    opened(newest + 1);
    return newest + 1;
  }

  /** Work that needs the key, which is not there any more afterwards. */
  private interface KeyWork<T> {
    T with(byte[] key) throws IOException;
  }

  private <T> T withKey(KeyWork<T> work) throws IOException {
    byte[] key = keys.derive(label);
    try {
      return work.with(key);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }

  /** The file's bytes, one too many where it is too long; empty if there is none. */
  private Optional<byte[]> read() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return Optional.of(in.readNBytes(MAX_FILE_BYTES + 1));
    } catch (NoSuchFileException _) {
      return Optional.empty();
    }
  }

  private Path aside(byte[] keyId) {
    return file.resolveSibling(file.getFileName() + "." + HexFormat.of().formatHex(keyId));
  }

  private String counterName(byte[] key) {
    return label + "." + HexFormat.of().formatHex(SealedFormat.keyId(key));
  }

  private void opened(long version) {
    known = version;
    state = State.OPENED;
  }

  private Opened.Refused refused(Reason reason, String detail) {
    return new Opened.Refused(reason, file + ": " + detail);
  }
}
