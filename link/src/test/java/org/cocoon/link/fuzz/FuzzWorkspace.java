package org.cocoon.link.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Supplier;

/**
 * A folder that outlives the process: the test root, and seeds whose keys and signatures are random
 * and would otherwise be strangers to the next run.
 *
 * @param folder made if it is missing
 */
public record FuzzWorkspace(Path folder) {

  /** The folder of the network's test root. */
  public Path root() {
    return folder.resolve("root");
  }

  /** The seeds of this name: those of an earlier run, or else new ones, which are kept. */
  public List<byte[]> seeds(String name, Supplier<List<byte[]>> maker) {
    Path seeds = folder.resolve("seeds").resolve(name);
    try {
      if (!Files.isDirectory(seeds)) {
        Files.createDirectories(seeds);
        int number = 0;
        for (byte[] seed : maker.get()) {
          Files.write(seeds.resolve("seed-%02d".formatted(number++)), seed);
        }
      }
      return read(seeds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every file of a folder in the order of their names. */
  static List<byte[]> read(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder)) {
      found.forEach(files::add);
    }
    files.sort(Comparator.naturalOrder());
    List<byte[]> contents = new ArrayList<>();
    for (Path file : files) {
      contents.add(Files.readAllBytes(file));
    }
    return contents;
  }

  /** Whether one of these is equal to the bytes. */
  public static boolean isOneOf(byte[] bytes, List<byte[]> known) {
    return known.stream().anyMatch(other -> Arrays.equals(other, bytes));
  }
}
