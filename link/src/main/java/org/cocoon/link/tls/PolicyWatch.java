package org.cocoon.link.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Policy;

/**
 * The policy in force, read again whenever its file changes.
 *
 * <p>Each poll reads the file and compares its content, since times and sizes can stay the same
 * over a change. What cannot be read keeps the policy before it: at first silently, as it may be
 * half written, and if it is the same at the next poll, it is told once. Polls may come from any
 * thread; one that finds another under way does nothing.
 */
public final class PolicyWatch implements PolicyFeed {
  /** Between two polls: a change is in force a quarter of a second later. */
  public static final long PERIOD_MILLIS = 250;

  private static final int MAX_BYTES = 1 << 20;
  private static final int SHORT_DIGEST_BYTES = 8;

  /** Hears what became of the file, on the thread that polls. */
  public interface Listener {
    /** Another policy is in force from now on. */
    void changed(Policy policy);

    /** The file cannot be taken, so the policy before it stays in force; told once per content. */
    void unreadable(String reason);
  }

  private final ReentrantLock polling = new ReentrantLock();
  private final Path file;
  private final Listener listener;
  private volatile Policy current;

  /** Digest of the content that was dealt with last, or why there was none. */
  private String settled;

  /** The same, of content that could not be read at the last poll. */
  private String suspect = "";

  private PolicyWatch(Path file, Listener listener, Policy first, String settled) {
    this.file = file;
    this.listener = listener;
    this.current = first;
    this.settled = settled;
  }

  /**
   * Reads the policy for the first time.
   *
   * @throws IOException a sentence, if it cannot be read: nothing starts without a policy
   */
  public static PolicyWatch open(Path file, Listener listener) throws IOException {
    String content = content(file);
    return new PolicyWatch(file, listener, Policy.load(file), content);
  }

  @Override
  public Policy current() {
    return current;
  }

  /** Names a policy for logs and status: the first 16 digits of its digest. */
  public static String shortDigest(Policy policy) {
    return HexFormat.of().formatHex(policy.digest(), 0, SHORT_DIGEST_BYTES);
  }

  /** A file that cannot be read keeps what was read: nobody is shut out. */
  @Override
  public Optional<PeerVerdict.Refused> closed() {
    return Optional.empty();
  }

  @Override
  public void close() {
    // Nothing is open between two polls.
  }

  @Override
  public void poll() {
    if (!polling.tryLock()) {
      return;
    }
    try {
      String content = content(file);
      if (content.equals(settled)) {
        suspect = "";
        return;
      }
      take(content);
    } finally {
      polling.unlock();
    }
  }

  private void take(String content) {
    Policy read;
    try {
      read = Policy.load(file);
    } catch (IOException e) {
      if (content.equals(suspect)) {
        settled = content;
        listener.unreadable(reason(e));
      }
      suspect = content;
      return;
    }
    settled = content;
    suspect = "";
    if (!Arrays.equals(read.digest(), current.digest())) {
      current = read;
      listener.changed(read);
    }
  }

  /** Names the content of the file: its digest, or why it has none. */
  private static String content(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Digests.sha256Hex(in.readNBytes(MAX_BYTES + 1));
    } catch (IOException e) {
      return reason(e);
    }
  }

  private static String reason(IOException e) {
    String message = String.valueOf(e.getMessage());
    return e instanceof NoSuchFileException ? message + ": there is no such file" : message;
  }
}
