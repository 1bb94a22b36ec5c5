package org.cocoon.link.sealing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Counters in a folder of the same machine, for development: they protect nothing, since whoever
 * can set back the sealed files can set back the counters with them.
 *
 * <p>Safe for use by many threads of one process; a second process must not use the folder.
 */
public final class UnanchoredCounter implements MonotonicCounter {
  private final Path folder;

  /** Uses a folder, which is made with the first advance. */
  public UnanchoredCounter(Path folder) {
    this.folder = folder;
  }

  /** What to log wherever these counters are used. */
  public String warning() {
    return "sealed files are NOT protected against being set back: their counters lie unanchored"
        + " in "
        + folder
        + " (development only)";
  }

  @Override
  public synchronized Count current(String name) throws IOException {
    Path file = file(name);
    try {
      String[] words = Files.readString(file, US_ASCII).strip().split(" ", 2);
      if (words.length != 2) {
        throw new IllegalArgumentException("there is no digest");
      }
      return new Count(Long.parseLong(words[0]), HexFormat.of().parseHex(words[1]));
    } catch (NoSuchFileException _) {
      return Count.none();
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " does not hold a counter", e);
    }
  }

  @Override
  public synchronized void advance(String name, long from, Count to) throws IOException {
    if (to.value() <= from) {
      throw new IllegalArgumentException("a counter only goes up");
    }
    long actual = current(name).value();
    if (actual != from) {
      throw new CounterConflictException(name, from, actual);
    }
    Files.createDirectories(folder);
    String line = to.value() + " " + HexFormat.of().formatHex(to.digest()) + "\n";
    DurableFiles.replace(file(name), line.getBytes(US_ASCII));
  }

  private Path file(String name) {
    SealedFormat.requireCounterName(name);
    return folder.resolve(name + ".counter");
  }
}
