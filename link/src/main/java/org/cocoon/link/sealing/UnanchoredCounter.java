package org.cocoon.link.sealing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

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
  public synchronized long current(String name) throws IOException {
    Path file = file(name);
    try {
      long value = Long.parseLong(Files.readString(file, US_ASCII).strip());
      if (value < 0) {
        throw new IOException(file + " holds a negative counter");
      }
      return value;
    } catch (NoSuchFileException _) {
      return 0;
    } catch (NumberFormatException e) {
      throw new IOException(file + " does not hold a counter", e);
    }
  }

  @Override
  public synchronized void advance(String name, long from, long to) throws IOException {
    if (to <= from) {
      throw new IllegalArgumentException("a counter only goes up");
    }
    long actual = current(name);
    if (actual != from) {
      throw new CounterConflictException(name, from, actual);
    }
    Files.createDirectories(folder);
    DurableFiles.replace(file(name), (to + "\n").getBytes(US_ASCII));
  }

  private Path file(String name) {
    SealedFormat.requireLabel(name);
    return folder.resolve(name + ".counter");
  }
}
