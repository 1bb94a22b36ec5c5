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
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.eventlog.RtmrExtender;

/**
 * A TEE without hardware: serves a folder with the files of Linux's configfs-tsm, so that a program
 * reads its quotes by the same code as from the kernel.
 *
 * <p>A report folder gets {@code provider} and {@code generation} when it is made, and {@code
 * outblob} once 64 bytes are in {@code inblob}. Beside it is a folder with the run-time registers'
 * files of Linux's sysfs. One thread serves, from {@link #start} to {@link #close}.
 */
public final class SimulatedTee implements AutoCloseable {
  private final Path folder;
  private final WatchService watcher;
  private final SimulatedPlatform platform;
  private final Role role;
  private final ImageMeasurement image;
  private final SimulatedRegisters registers;
  private final Thread server;

  private SimulatedTee(
      Path folder,
      WatchService watcher,
      SimulatedPlatform platform,
      Role role,
      ImageMeasurement image,
      SimulatedRegisters registers) {
    this.folder = folder;
    this.watcher = watcher;
    this.platform = platform;
    this.role = role;
    this.image = image;
    this.registers = registers;
    this.server = Thread.ofPlatform().daemon().name("simulated-tee").unstarted(this::serve);
  }

  /**
   * Starts one for this process.
   *
   * @param dir holds the network's test root, which is made if it is missing
   * @param role goes into mrConfigId
   * @param image goes into mrTd
   * @throws IOException if the root or the report folder cannot be made
   */
  public static SimulatedTee start(Path dir, Role role, ImageMeasurement image) throws IOException {
    return start(dir, role, image, InstantSource.system());
  }

  /** Starts one whose certificates begin at another time than now. */
  public static SimulatedTee start(Path dir, Role role, ImageMeasurement image, InstantSource clock)
      throws IOException {
    SimulatedPlatform platform =
        new SimulatedPlatform(SimulatedRoot.in(dir, clock), clock.instant());
    Path folder = Files.createTempDirectory("cocoon-simulated-tsm-");
    // For programs that end by a signal and close nothing.
    folder.toFile().deleteOnExit();
    WatchService watcher = folder.getFileSystem().newWatchService();
    folder.register(watcher, ENTRY_CREATE);
    SimulatedRegisters registers = new SimulatedRegisters();
    registers.folder().register(watcher, ENTRY_CREATE, ENTRY_MODIFY);
    SimulatedTee tee = new SimulatedTee(folder, watcher, platform, role, image, registers);
    tee.server.start();
    return tee;
  }

  /** The folder to give to {@link TsmReports}. */
  public Path reportsFolder() {
    return folder;
  }

  /** The folder to give to {@link RtmrExtender}; later quotes carry what is extended there. */
  public Path measurementsFolder() {
    return registers.folder();
  }

  /** The serial number of its platform's certificate, by which its authority can revoke it. */
  public BigInteger platformSerial() {
    return platform.serial();
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
    try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder)) {
      for (Path report : reports) {
        if (!Files.exists(report.resolve("generation"))) {
          open(report);
        }
      }
    }
  }

  private void open(Path report) throws IOException {
    try {
      report.register(watcher, ENTRY_CREATE, ENTRY_MODIFY);
      put(report, "provider", (TsmReports.TDX_PROVIDER + "\n").getBytes(US_ASCII));
      put(report, "generation", "0\n".getBytes(US_ASCII));
      answer(report);
    } catch (NoSuchFileException _) {
      // Whoever asked has given up and removed the report.
    }
  }

  private void answer(Path report) throws IOException {
    try {
      Path inblob = report.resolve("inblob");
      if (Files.exists(report.resolve("outblob"))
          || !Files.exists(inblob)
          || Files.size(inblob) != Measurements.REPORT_DATA_BYTES) {
        return;
      }
      byte[] quote =
          platform.quote(registers.in(image.measurements(role, Files.readAllBytes(inblob))));
      put(report, "generation", "1\n".getBytes(US_ASCII));
      put(report, "outblob", quote);
    } catch (NoSuchFileException _) {
      // Whoever asked has given up and removed the report.
    }
  }

  /** Makes a file appear whole. */
  private static void put(Path report, String name, byte[] content) throws IOException {
    Path whole = report.resolve("." + name);
    Files.write(whole, content);
    Files.move(
        whole,
        report.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
