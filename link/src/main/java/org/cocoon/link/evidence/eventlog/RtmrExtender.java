package org.cocoon.link.evidence.eventlog;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.TsmException;

/**
 * Extends a run-time register of this trust domain through Linux's sysfs (kernel 6.16 and later),
 * so that later quotes carry what the program measured.
 *
 * <p>From Documentation/ABI/testing/sysfs-devices-virtual-misc-tdx_guest: 48 bytes written to
 * {@code rtmrN:sha384} extend the register, and reading gives its value. A simulated TEE serves an
 * ordinary folder with the same files, in which the answer appears a moment later; hence the
 * bounded wait, which never waits on a kernel's file. One register must have one writer at a time.
 * Blocks: use a virtual thread.
 */
public final class RtmrExtender {
  /** Where the kernel has it. */
  public static final Path KERNEL_FOLDER =
      Path.of("/sys/devices/virtual/misc/tdx_guest/measurements");

  /** Length of a register and of a digest in bytes. */
  public static final int DIGEST_BYTES = 48;

  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);

  private final Path file;
  private final Duration wait;

  /**
   * Extends one register.
   *
   * @param folder the kernel's or a simulated TEE's
   * @param register 2 or 3: the first two are the firmware's
   */
  public RtmrExtender(Path folder, int register) {
    this(folder, register, DEFAULT_WAIT);
  }

  /** Extends one register, and waits at most so long for its new value. */
  public RtmrExtender(Path folder, int register, Duration wait) {
    if (register != 2 && register != 3) {
      throw new IllegalArgumentException("a program can extend rtmr2 and rtmr3 only");
    }
    this.file = folder.resolve(fileName(register));
    this.wait = wait;
  }

  /** The file of a register, for example "rtmr3:sha384". */
  public static String fileName(int register) {
    return "rtmr" + register + ":sha384";
  }

  /** What a register becomes: SHA-384(old || digest). */
  public static byte[] extended(byte[] old, byte[] digest) {
    MessageDigest sha384 = Digests.of("SHA-384");
    sha384.update(old);
    return sha384.digest(digest);
  }

  /**
   * The register's value, 48 bytes.
   *
   * @throws TsmException if there is no such register, or it cannot be read
   */
  public byte[] read() throws TsmException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] value = in.readNBytes(DIGEST_BYTES + 1);
      if (value.length != DIGEST_BYTES) {
        throw new TsmException(
            TsmException.Failure.IO, file + " has not " + DIGEST_BYTES + " bytes");
      }
      return value;
    } catch (TsmException e) {
      throw e;
    } catch (IOException e) {
      throw explain(e);
    }
  }

  /**
   * Extends the register and checks that it took.
   *
   * @param digest SHA-384 of what is measured, 48 bytes
   * @return the register's new value
   * @throws TsmException if there is no such register, or it has another value afterwards
   */
  public byte[] extend(byte[] digest) throws TsmException {
    if (digest.length != DIGEST_BYTES) {
      throw new IllegalArgumentException("a digest must have 48 bytes");
    }
    byte[] expected = extended(read(), digest);
    try {
      Files.write(file, digest, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw explain(e);
    }
    long startNanos = System.nanoTime();
    while (!Arrays.equals(current(), expected)) {
      if (System.nanoTime() - startNanos > wait.toNanos()) {
        throw new TsmException(
            TsmException.Failure.BUSY,
            file + " did not become SHA-384(old || digest): it was not extended, or twice");
      }
      pause();
    }
    return expected;
  }

  private byte[] current() throws TsmException {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw explain(e);
    }
  }

  private static void pause() throws TsmException {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TsmException(TsmException.Failure.TIMEOUT, "interrupted while waiting", e);
    }
  }

  private TsmException explain(IOException e) {
    if (e instanceof NoSuchFileException) {
      return new TsmException(
          TsmException.Failure.NO_TEE,
          "there is no " + file + "; is this a TDX guest with kernel 6.16 or later?",
          e);
    }
    return new TsmException(
        TsmException.Failure.IO, "cannot extend " + file + ": " + e.getMessage(), e);
  }
}
