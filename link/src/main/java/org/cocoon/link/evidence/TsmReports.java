package org.cocoon.link.evidence;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Asks a TEE for quotes through Linux's configfs-tsm: a folder in which every sub-folder is a
 * report.
 *
 * <p>From Documentation/ABI/testing/configfs-tsm-report. A simulated TEE serves an ordinary folder
 * with the same files, only that they appear a moment later; hence the bounded waits, which never
 * wait on a kernel's folder. Blocks, for up to seconds on real hardware: use a virtual thread.
 */
public final class TsmReports {
  /** Where the kernel has it. */
  public static final Path KERNEL_FOLDER = Path.of("/sys/kernel/config/tsm/report");

  /** The provider of TDX quotes. */
  public static final String TDX_PROVIDER = "tdx_guest";

  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final int MAX_ATTRIBUTE_BYTES = 256;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path folder;
  private final Duration wait;

  /** Uses the kernel's folder. */
  public TsmReports() {
    this(KERNEL_FOLDER);
  }

  /** Uses a folder that a kernel or a simulated TEE serves. */
  public TsmReports(Path folder) {
    this(folder, DEFAULT_WAIT);
  }

  /** Uses a folder, and waits at most so long for each of its files. */
  public TsmReports(Path folder, Duration wait) {
    this.folder = folder;
    this.wait = wait;
  }

  /**
   * Asks for one TDX quote.
   *
   * @param reportData what the quote is made for, 64 bytes
   * @return the quote as the TEE gave it, possibly with padding after its end
   * @throws TsmException if there is no TEE, it is busy, or it does not answer
   */
  public byte[] tdxQuote(byte[] reportData) throws TsmException {
    if (reportData.length != Measurements.REPORT_DATA_BYTES) {
      throw new IllegalArgumentException("report data must have 64 bytes");
    }
    return withReport(report -> ask(report, reportData));
  }

  /**
   * Asks whose TEE this is, for example {@link #TDX_PROVIDER}.
   *
   * @throws TsmException if there is no TEE, or it does not answer
   */
  public String provider() throws TsmException {
    return withReport(report -> text(report.resolve("provider")));
  }

  /** What is done with a report's folder while it is there. */
  private interface ReportWork<T> {
    T with(Path report) throws IOException;
  }

  private <T> T withReport(ReportWork<T> work) throws TsmException {
    byte[] suffix = new byte[8];
    RANDOM.nextBytes(suffix);
    Path report = folder.resolve("cocoon-" + HexFormat.of().formatHex(suffix));
    try {
      Files.createDirectory(report);
      return doAndRemove(report, work);
    } catch (TsmException e) {
      throw e;
    } catch (IOException e) {
      throw explain(e);
    }
  }

  private static <T> T doAndRemove(Path report, ReportWork<T> work) throws IOException {
    T result;
    try {
      result = work.with(report);
    } catch (IOException e) {
      try {
        remove(report);
      } catch (IOException leftBehind) {
        e.addSuppressed(leftBehind);
      }
      throw e;
    }
    remove(report);
    return result;
  }

  private byte[] ask(Path report, byte[] reportData) throws IOException {
    long before = generation(report);
    String provider = text(report.resolve("provider"));
    if (!provider.equals(TDX_PROVIDER)) {
      throw new TsmException(
          TsmException.Failure.NO_TEE,
          "the TEE behind " + folder + " is " + provider + ", not " + TDX_PROVIDER);
    }
    Files.write(report.resolve("inblob"), reportData);
    byte[] quote = read(report.resolve("outblob"), TdxQuote.MAX_BYTES);
    long after = generation(report);
    if (after != before + 1) {
      throw new TsmException(
          TsmException.Failure.BUSY,
          "the report's generation went from " + before + " to " + after + ": somebody else wrote");
    }
    return quote;
  }

  private long generation(Path report) throws IOException {
    String text = text(report.resolve("generation"));
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new TsmException(
          TsmException.Failure.IO, "the report's generation is no number: " + text, e);
    }
  }

  private String text(Path file) throws IOException {
    return new String(read(file, MAX_ATTRIBUTE_BYTES), US_ASCII).strip();
  }

  private byte[] read(Path file, int maxBytes) throws IOException {
    awaitExists(file);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new TsmException(
            TsmException.Failure.IO, file.getFileName() + " has more than " + maxBytes + " bytes");
      }
      return bytes;
    }
  }

  private void awaitExists(Path file) throws TsmException {
    long startNanos = System.nanoTime();
    while (!Files.exists(file)) {
      if (System.nanoTime() - startNanos > wait.toNanos()) {
        throw new TsmException(
            TsmException.Failure.TIMEOUT,
            "no " + file.getFileName() + " appeared in " + folder + " within " + wait);
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TsmException(TsmException.Failure.TIMEOUT, "interrupted while waiting", e);
      }
    }
  }

  private static void remove(Path report) throws IOException {
    try {
      // configfs removes a report's files with its folder; an ordinary folder must be empty first.
      Files.deleteIfExists(report);
    } catch (DirectoryNotEmptyException e) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(report)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
      Files.deleteIfExists(report);
    }
  }

  /** Turns the kernel's error, which Java gives as text only, into a kind and a sentence. */
  TsmException explain(IOException e) {
    String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    if (e instanceof NoSuchFileException || text.contains("no such device")) {
      return new TsmException(
          TsmException.Failure.NO_TEE,
          "no TEE answers at " + folder + "; is this a confidential VM with configfs mounted?",
          e);
    }
    if (text.contains("busy")) {
      return new TsmException(TsmException.Failure.BUSY, "the TEE at " + folder + " is busy", e);
    }
    if (text.contains("invalid argument")) {
      return new TsmException(
          TsmException.Failure.REFUSED_INPUT, "the TEE at " + folder + " refused the input", e);
    }
    return new TsmException(
        TsmException.Failure.IO, "the TEE at " + folder + " failed: " + e.getMessage(), e);
  }
}
