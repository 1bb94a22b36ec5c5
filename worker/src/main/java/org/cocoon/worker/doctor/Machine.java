package org.cocoon.worker.doctor;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What checks may ask of a machine. Every call blocks for a few seconds at most. */
interface Machine {

  /** A small text file, or nothing where there is none. */
  Optional<String> text(Path file);

  /** Whether a file, folder or device is there. */
  boolean exists(Path path);

  /** A file's size in bytes. */
  long size(Path file) throws IOException;

  /** The first bytes of a file. */
  byte[] head(Path file, int bytes) throws IOException;

  /** SHA-256 of a file, in hexadecimal digits. Takes as long as the file is large. */
  String sha256(Path file) throws IOException;

  /** Free bytes on the disk of a folder. */
  long free(Path folder) throws IOException;

  /** What a command says on stdout, or nothing where it cannot be run or fails. */
  Optional<String> run(List<String> command);

  /**
   * Connects and hangs up.
   *
   * @throws IOException a sentence, if nobody accepts
   */
  void connect(String host, int port) throws IOException;

  /** What time an HTTP server says that it is, to the second. */
  Instant timeAt(String url) throws IOException;

  /** What time it is here. */
  Instant now();
}
