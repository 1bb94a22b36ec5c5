package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TeeEvidence;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.eventlog.RtmrExtender;

/**
 * A TEE without hardware: serves a folder with the files of Linux's configfs-tsm, so that a program
 * reads its quotes by the same code as from the kernel.
 *
 * <p>A report folder gets {@code provider} and {@code generation} when it is made, and {@code
 * outblob} (for SEV-SNP with {@code auxblob}) once 64 bytes are in {@code inblob}. Beside it is a
 * folder with the run-time registers' files of Linux's sysfs. One thread serves, from {@link
 * #start} to {@link #close}.
 */
public final class SimulatedTee implements AutoCloseable {
  /** Whose hardware is simulated. */
  public enum Provider {
    /** Intel TDX. */
    TDX,
    /** AMD SEV-SNP. */
    SNP;

    /**
     * Reads the word of a program's option, "tdx" or "snp".
     *
     * @throws IllegalArgumentException a sentence that names the option, for any other
     */
    public static Provider ofWord(String word) {
      return switch (word) {
        case "tdx" -> TDX;
        case "snp" -> SNP;
        default ->
            throw new IllegalArgumentException(
                "--simulated-provider is tdx or snp, not '" + word + "'");
      };
    }
  }

  /** What makes the evidence. */
  private sealed interface Machine {
    TeeEvidence evidence(byte[] reportData) throws IOException;

    BigInteger serial();
  }

  private record TdxMachine(
      SimulatedPlatform platform, SimulatedRegisters registers, ImageMeasurement image, Role role)
      implements Machine {
    @Override
    public TeeEvidence evidence(byte[] reportData) throws IOException {
      return new TeeEvidence.Tdx(
          platform.quote(registers.in(image.measurements(role, reportData))));
    }

    @Override
    public BigInteger serial() {
      return platform.serial();
    }
  }

  private record SnpMachine(SimulatedSnpPlatform platform, ImageMeasurement image, Role role)
      implements Machine {
    @Override
    public TeeEvidence evidence(byte[] reportData) {
      return platform.evidence(image, role, reportData);
    }

    @Override
    public BigInteger serial() {
      return platform.serial();
    }
  }

  private final Path folder;
  private final WatchService watcher;
  private final Provider provider;
  private final Machine machine;
  private final SimulatedRegisters registers;

  /**
   * Reports that exist, and whether each was answered: what its owner is removing file by file must
   * not be taken for a new one. Belongs to the server's thread.
   */
  private final Map<Path, Boolean> answered = new HashMap<>();

  private final Thread server;

  private SimulatedTee(
      Path folder,
      WatchService watcher,
      Provider provider,
      Machine machine,
      SimulatedRegisters registers) {
    this.folder = folder;
    this.watcher = watcher;
    this.provider = provider;
    this.machine = machine;
    this.registers = registers;
    this.server = Thread.ofPlatform().daemon().name("simulated-tee").unstarted(this::serve);
  }

  /**
   * Starts one of TDX for this process.
   *
   * @param dir holds the network's test root, which is made if it is missing
   * @param role goes into mrConfigId, or the host data
   * @param image goes into mrTd, or the measurement
   * @throws IOException if the root or the report folder cannot be made
   */
  public static SimulatedTee start(Path dir, Role role, ImageMeasurement image) throws IOException {
    return start(dir, role, image, InstantSource.system(), Provider.TDX);
  }

  /** Starts one of some maker for this process. */
  public static SimulatedTee start(Path dir, Role role, ImageMeasurement image, Provider provider)
      throws IOException {
    return start(dir, role, image, InstantSource.system(), provider);
  }

  /** Starts one of TDX whose certificates begin at another time than now. */
  public static SimulatedTee start(Path dir, Role role, ImageMeasurement image, InstantSource clock)
      throws IOException {
    return start(dir, role, image, clock, Provider.TDX);
  }

  /** Starts one of some maker, whose certificates begin at another time than now. */
  public static SimulatedTee start(
      Path dir, Role role, ImageMeasurement image, InstantSource clock, Provider provider)
      throws IOException {
    SimulatedRegisters registers = new SimulatedRegisters();
    Machine machine =
        switch (provider) {
          case TDX ->
              new TdxMachine(
                  new SimulatedPlatform(SimulatedRoot.in(dir, clock), clock.instant()),
                  registers,
                  image,
                  role);
          case SNP ->
              new SnpMachine(
                  new SimulatedSnpPlatform(SimulatedSnpRoot.in(dir, clock), clock.instant()),
                  image,
                  role);
        };
    Path folder = Files.createTempDirectory("cocoon-simulated-tsm-");
    // For programs that end by a signal and close nothing.
    folder.toFile().deleteOnExit();
    WatchService watcher = folder.getFileSystem().newWatchService();
    folder.register(watcher, ENTRY_CREATE);
    registers.folder().register(watcher, ENTRY_CREATE, ENTRY_MODIFY);
    SimulatedTee tee = new SimulatedTee(folder, watcher, provider, machine, registers);
    tee.server.start();
    return tee;
  }

  /** The folder to give to {@link TsmReports}. */
  public Path reportsFolder() {
    return folder;
  }

  /**
   * The folder to give to {@link RtmrExtender}; later quotes carry what is extended there; SEV-SNP
   * has no such registers, and its reports do not.
   */
  public Path measurementsFolder() {
    return registers.folder();
  }

  /** The serial number of its platform's certificate, by which its authority can revoke it. */
  public BigInteger platformSerial() {
    return machine.serial();
  }

  /** Stops serving and removes the folders. */
  @Override
  public void close() throws IOException {
    watcher.close();
    try {
      server.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder)) {
      for (Path report : reports) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(report)) {
          for (Path file : files) {
            Files.deleteIfExists(file);
          }
        }
        Files.deleteIfExists(report);
      }
    }
    Files.deleteIfExists(folder);
    registers.remove();
  }

  private void serve() {
    try {
      while (true) {
        WatchKey key = watcher.take();
        Path changed = (Path) key.watchable();
        key.pollEvents();
        key.reset();
        // Looking at the folder itself, not at the events, makes lost or merged events harmless.
        if (changed.equals(folder)) {
          openNewReports();
        } else if (changed.equals(registers.folder())) {
          registers.answer();
        } else {
          answer(changed);
        }
      }
    } catch (ClosedWatchServiceException | InterruptedException _) {
      // Closed: nothing is left to serve.
    } catch (IOException e) {
      throw new IllegalStateException("the simulated TEE cannot serve " + folder, e);
    }
  }

  private void openNewReports() throws IOException {
    answered.keySet().removeIf(report -> !Files.exists(report));
    try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder)) {
      for (Path report : reports) {
        if (answered.putIfAbsent(report, false) == null) {
          open(report);
        }
      }
    }
  }

  private void open(Path report) throws IOException {
    try {
      report.register(watcher, ENTRY_CREATE, ENTRY_MODIFY);
      put(report, "generation", "0\n".getBytes(US_ASCII));
      // Last, for who asks no more than this and removes the report at once.
      put(report, "provider", (providerName() + "\n").getBytes(US_ASCII));
      answer(report);
    } catch (NoSuchFileException _) {
      // Whoever asked has given up and removed the report.
    }
  }

  private String providerName() {
    return switch (provider) {
      case TDX -> TsmReports.TDX_PROVIDER;
      case SNP -> TsmReports.SNP_PROVIDER;
    };
  }

  private void answer(Path report) throws IOException {
    try {
      Path inblob = report.resolve("inblob");
      if (answered.getOrDefault(report, true)
          || !Files.exists(inblob)
          || Files.size(inblob) != Measurements.REPORT_DATA_BYTES) {
        return;
      }
      answered.put(report, true);
      TeeEvidence evidence = machine.evidence(Files.readAllBytes(inblob));
      put(report, "generation", "1\n".getBytes(US_ASCII));
      switch (evidence) {
        case TeeEvidence.Tdx(byte[] quote) -> put(report, "outblob", quote);
        case TeeEvidence.Snp(byte[] signed, byte[] table) -> {
          put(report, "auxblob", table);
          put(report, "outblob", signed);
        }
      }
    } catch (NoSuchFileException _) {
      // Whoever asked has given up and removed the report.
    }
  }

  /** Makes a file appear whole. */
  static void put(Path report, String name, byte[] content) throws IOException {
    Path whole = report.resolve("." + name);
    Files.write(whole, content);
    Files.move(
        whole,
        report.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
