package org.cocoon.link.evidence.gpu;

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
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.cocoon.link.evidence.TsmException;

/**
 * Asks the GPUs of this machine for reports, through a folder in the manner of configfs-tsm: each
 * sub-folder is a GPU, and each folder made in that is a request.
 *
 * <p>In a request's folder the asker writes {@code nonce} (32 bytes), and whoever serves the GPU
 * answers with {@code chain} (certificates in PEM, from the signing key's to the root) and then
 * {@code report} (see {@link GpuReport}); files appear whole, by a rename. The kernel has no such
 * folder: on hardware a small helper has to serve it that asks NVIDIA's library (NVML, as NVIDIA's
 * nv-local-gpu-verifier does). That was not run on a GPU; a simulated GPU serves the same files.
 *
 * <p>Blocks, for up to seconds on hardware: use a virtual thread. Safe for use by many threads.
 */
public final class GpuReports {
  private static final Duration DEFAULT_WAIT = Duration.ofSeconds(10);
  private static final int MAX_CHAIN_BYTES = 64 * 1024;
  private static final int MAX_CERTIFICATES = 8;
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Pattern PEM =
      Pattern.compile("-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----");

  private final Path folder;
  private final Duration wait;

  /** Uses a folder that a helper or simulated GPUs serve. */
  public GpuReports(Path folder) {
    this(folder, DEFAULT_WAIT);
  }

  /** Uses a folder, and waits at most so long for each file. */
  public GpuReports(Path folder, Duration wait) {
    this.folder = folder;
    this.wait = wait;
  }

  /**
   * Asks every GPU for a report on one nonce.
   *
   * @param nonce see {@link GpuBinding#nonce}, 32 bytes
   * @return empty if the folder has no GPU
   * @throws TsmException if the folder is not there, or a GPU does not answer, or not this nonce
   */
  public Optional<GpuBundle> evidence(byte[] nonce) throws TsmException {
    if (nonce.length != GpuReport.NONCE_BYTES) {
      throw new IllegalArgumentException("a nonce has " + GpuReport.NONCE_BYTES + " bytes");
    }
    try {
      List<GpuBundle.Evidence> gpus = new ArrayList<>();
      for (Path gpu : gpus()) {
        gpus.add(ask(gpu, nonce));
      }
      return gpus.isEmpty() ? Optional.empty() : Optional.of(new GpuBundle(gpus));
    } catch (TsmException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw new TsmException(
          TsmException.Failure.NO_TEE,
          "nobody serves GPU evidence at " + folder + ": there is no " + e.getFile(),
          e);
    } catch (IOException e) {
      throw new TsmException(
          TsmException.Failure.IO, "GPU evidence at " + folder + " failed: " + e.getMessage(), e);
    }
  }

  private List<Path> gpus() throws IOException {
    try (Stream<Path> inside = Files.list(folder)) {
      List<Path> gpus = inside.filter(Files::isDirectory).sorted().toList();
      if (gpus.size() > GpuBundle.MAX_GPUS) {
        throw new TsmException(
            TsmException.Failure.IO,
            folder + " has " + gpus.size() + " GPUs, more than " + GpuBundle.MAX_GPUS);
      }
      return gpus;
    }
  }

  private GpuBundle.Evidence ask(Path gpu, byte[] nonce) throws IOException {
    byte[] suffix = new byte[8];
    RANDOM.nextBytes(suffix);
    Path request = gpu.resolve("cocoon-" + HexFormat.of().formatHex(suffix));
    Files.createDirectory(request);
    try {
      Path whole = request.resolve(".nonce");
      Files.write(whole, nonce);
      Files.move(whole, request.resolve("nonce"));
      byte[] report = read(request.resolve("report"), GpuReport.MAX_BYTES);
      byte[] chain = read(request.resolve("chain"), MAX_CHAIN_BYTES);
      requireNonce(gpu, report, nonce);
      return new GpuBundle.Evidence(report, certificates(gpu, chain));
    } finally {
      remove(request);
    }
  }

  /** A report on another nonce would be refused by every peer: say so here. */
  private static void requireNonce(Path gpu, byte[] report, byte[] nonce) throws TsmException {
    switch (GpuReport.parse(report)) {
      case GpuReport.Malformed malformed ->
          throw new TsmException(
              TsmException.Failure.IO, gpu + " gave no GPU report: " + malformed.reason());
      case GpuReport.Parsed parsed -> {
        if (!parsed.nonce().equals(HexFormat.of().formatHex(nonce))) {
          throw new TsmException(
              TsmException.Failure.BUSY, gpu + " answered with a report on another nonce");
        }
      }
    }
  }

  private static List<byte[]> certificates(Path gpu, byte[] pem) throws TsmException {
    List<byte[]> chain = new ArrayList<>();
    Matcher block = PEM.matcher(new String(pem, US_ASCII));
    while (block.find()) {
      chain.add(Base64.getMimeDecoder().decode(block.group(1)));
    }
    if (chain.isEmpty() || chain.size() > MAX_CERTIFICATES) {
      throw new TsmException(
          TsmException.Failure.IO,
          gpu + "'s chain has " + chain.size() + " certificates, not 1 to " + MAX_CERTIFICATES);
    }
    return chain;
  }

  private byte[] read(Path file, int maxBytes) throws IOException {
    long startNanos = System.nanoTime();
    while (!Files.exists(file)) {
      if (System.nanoTime() - startNanos > wait.toNanos()) {
        throw new TsmException(
            TsmException.Failure.TIMEOUT, "no " + file + " appeared within " + wait);
      }
      try {
        Thread.sleep(1);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TsmException(TsmException.Failure.TIMEOUT, "interrupted while waiting", e);
      }
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new TsmException(
            TsmException.Failure.IO, file + " has more than " + maxBytes + " bytes");
      }
      return bytes;
    }
  }

  private static void remove(Path request) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(request)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    try {
      Files.deleteIfExists(request);
    } catch (DirectoryNotEmptyException _) {
      // A late answer: it is of no use to anybody, and whoever serves the folder clears it.
    }
  }
}
