package org.cocoon.bench.network;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;

/**
 * What a dishonest owner of a machine could put between a program and its TEE: it serves the
 * kernel's files, and changes the quotes on their way.
 */
final class TamperingTee implements AutoCloseable {
  private final Path folder;
  private final TsmReports honest;
  private final UnaryOperator<byte[]> change;
  private final Thread server;
  private volatile boolean closed;

  TamperingTee(Path folder, TsmReports honest, UnaryOperator<byte[]> change) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.honest = honest;
    this.change = change;
    this.server = Thread.ofPlatform().daemon().name("tampering-tee").start(this::serve);
  }

  private void serve() {
    while (!closed) {
      try (DirectoryStream<Path> reports = Files.newDirectoryStream(folder)) {
        for (Path report : reports) {
          serve(report);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  private void serve(Path report) throws IOException {
    try {
      if (!Files.exists(report.resolve("provider"))) {
        write(report, "generation", "0\n".getBytes(US_ASCII));
        write(report, "provider", TsmReports.TDX_PROVIDER.getBytes(US_ASCII));
      }
      Path input = report.resolve("inblob");
      if (Files.exists(input)
          && Files.size(input) == 64
          && !Files.exists(report.resolve("outblob"))) {
        byte[] quote = change.apply(honest.tdxQuote(Files.readAllBytes(input)));
        write(report, "generation", "1\n".getBytes(US_ASCII));
        write(report, "outblob", quote);
      }
    } catch (NoSuchFileException | TsmException e) {
      // the reader has removed its folder already
    }
  }

  private void write(Path report, String name, byte[] bytes) throws IOException {
    Path fresh = folder.resolveSibling(report.getFileName() + "-" + name);
    Files.write(fresh, bytes);
    Files.move(
        fresh,
        report.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  Path folder() {
    return folder;
  }

  @Override
  public void close() throws IOException {
    closed = true;
    try {
      server.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
