package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.cocoon.link.evidence.gpu.GpuBundle;
import org.cocoon.link.evidence.gpu.GpuReport;

/**
 * Serves the folder that {@link org.cocoon.link.evidence.gpu.GpuReports} asks, with one simulated
 * GPU in it. One thread serves, from {@link #start} to {@link #close}.
 */
public final class SimulatedGpuFolder implements AutoCloseable {
  private final Path folder;
  private final Path requests;
  private final WatchService watcher;
  private final SimulatedGpu gpu;
  private final Thread server;

  private SimulatedGpuFolder(Path folder, Path requests, WatchService watcher, SimulatedGpu gpu) {
    this.folder = folder;
    this.requests = requests;
    this.watcher = watcher;
    this.gpu = gpu;
    this.server = Thread.ofPlatform().daemon().name("simulated-gpu").unstarted(this::serve);
  }

  /**
   * Starts one for this process.
   *
   * @param dir holds the network's test root of GPUs, which is made if it is missing
   * @throws IOException if the root or the folder cannot be made
   */
  public static SimulatedGpuFolder start(Path dir, InstantSource clock) throws IOException {
    SimulatedGpu gpu = new SimulatedGpu(SimulatedGpuRoot.in(dir, clock), clock.instant());
    Path folder = Files.createTempDirectory("cocoon-simulated-gpu-");
    Path requests = Files.createDirectory(folder.resolve("0"));
    // For programs that end by a signal and close nothing; what comes last is deleted first.
    folder.toFile().deleteOnExit();
    requests.toFile().deleteOnExit();
    WatchService watcher = folder.getFileSystem().newWatchService();
    requests.register(watcher, ENTRY_CREATE);
    SimulatedGpuFolder served = new SimulatedGpuFolder(folder, requests, watcher, gpu);
    served.server.start();
    return served;
  }

  /** The folder to give to {@link org.cocoon.link.evidence.gpu.GpuReports}. */
  public Path folder() {
    return folder;
  }

  /** Stops serving and removes the folder. */
  @Override
  public void close() throws IOException {
    watcher.close();
    try {
      server.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private void serve() {
    try {
      while (true) {
        WatchKey key = watcher.take();
        key.pollEvents();
        key.reset();
        // Looking at the folders themselves, not at the events, makes lost or merged ones harmless.
        for (Path request : list()) {
          answer(request);
        }
      }
    } catch (ClosedWatchServiceException | InterruptedException _) {
      // Closed: nothing is left to serve.
    } catch (IOException e) {
      throw new IllegalStateException("the simulated GPU cannot serve " + folder, e);
    }
  }

  private List<Path> list() throws IOException {
    try (Stream<Path> inside = Files.list(requests)) {
      return inside.toList();
    }
  }

  private void answer(Path request) throws IOException {
    try {
      request.register(watcher, ENTRY_CREATE);
      Path nonce = request.resolve("nonce");
      if (Files.exists(request.resolve("report"))
          || !Files.exists(nonce)
          || Files.size(nonce) != GpuReport.NONCE_BYTES) {
        return;
      }
      GpuBundle.Evidence evidence = gpu.evidence(Files.readAllBytes(nonce));
      StringBuilder chain = new StringBuilder();
      evidence.chain().forEach(der -> chain.append(SimulatedAuthority.pem("CERTIFICATE", der)));
      SimulatedTee.put(request, "chain", chain.toString().getBytes(US_ASCII));
      SimulatedTee.put(request, "report", evidence.report());
    } catch (NoSuchFileException | NotDirectoryException _) {
      // Whoever asked has given up and removed the request.
    }
  }
}
