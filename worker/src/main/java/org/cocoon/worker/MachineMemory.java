package org.cocoon.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel says of this machine's memory and of this process's part; 0 where it says none.
 */
final class MachineMemory {
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final Pattern CACHED = Pattern.compile("inactive_file (\\d+)");

  private final Path proc;
  private final Path group;

  MachineMemory() {
    this(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  MachineMemory(Path proc, Path group) {
    this.proc = proc;
    this.group = group;
  }

  /** Bytes that could be had without swapping, by the machine and by the limit of the container. */
  OptionalLong available() {
    long machine = kilobytes(proc.resolve("meminfo"), AVAILABLE);
    if (machine == 0) {
      return OptionalLong.empty();
    }
    long limit = number(group.resolve("memory.max"));
    if (limit == 0) {
      return OptionalLong.of(machine);
    }
    long used =
        number(group.resolve("memory.current")) - found(group.resolve("memory.stat"), CACHED);
    return OptionalLong.of(Math.min(machine, Math.max(limit - used, 0)));
  }

  /** Bytes that this process has in memory, mapped files among them. */
  long resident() {
    return kilobytes(proc.resolve("self").resolve("status"), RESIDENT);
  }

  private static long kilobytes(Path file, Pattern pattern) {
    return found(file, pattern) * 1024;
  }

  private static long found(Path file, Pattern pattern) {
    Matcher matcher = pattern.matcher(text(file));
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  /** "max" is no number. */
  private static long number(Path file) {
    String text = text(file).strip();
    return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
