package org.cocoon.worker;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A worker's options in a file: {@code name = value} lines in the form of {@link Properties}, under
 * the options' own names without the dashes. What the command line says counts before it.
 */
final class ConfigFile implements IDefaultValueProvider {
  private final Properties values;

  private ConfigFile(Properties values) {
    this.values = values;
  }

  /**
   * Finds and reads the file that the arguments name.
   *
   * @return null if they name none
   * @throws IllegalArgumentException a sentence, if it cannot be read or names no option
   */
  static @Nullable ConfigFile of(String[] args, CommandSpec command) {
    String name = named(args);
    if (name == null) {
      return null;
    }
    Properties values = new Properties();
    try (Reader reader = Files.newBufferedReader(Path.of(name))) {
      values.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--config " + name + " cannot be read: " + e.getMessage(), e);
    }
    String unknown =
        values.stringPropertyNames().stream()
            .filter(key -> key.equals("config") || command.findOption("--" + key) == null)
            .sorted()
            .collect(Collectors.joining(", "));
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "--config %s has names that are no options: %s; worker --help lists them without these dashes"
              .formatted(name, unknown));
    }
    return new ConfigFile(values);
  }

  private static @Nullable String named(String[] args) {
    int at = Arrays.asList(args).lastIndexOf("--config");
    if (at >= 0 && at + 1 < args.length) {
      return args[at + 1];
    }
    for (String arg : args) {
      if (arg.startsWith("--config=")) {
        return arg.substring("--config=".length());
      }
    }
    return null;
  }

  @Override
  public @Nullable String defaultValue(ArgSpec option) {
    return option instanceof OptionSpec named
        ? values.getProperty(named.longestName().replaceFirst("^--", ""))
        : null;
  }
}
