package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ConfigFileTest {
  @TempDir private Path folder = Path.of("");

  private CommandLine line(String content, String... args) throws Exception {
    Path file = Files.writeString(folder.resolve("worker.properties"), content);
    CommandLine line = new CommandLine(new WorkerMain());
    String[] all = new String[args.length + 2];
    all[0] = "--config";
    all[1] = file.toString();
    System.arraycopy(args, 0, all, 2, args.length);
    ConfigFile config = ConfigFile.of(all, line.getCommandSpec());
    line.setDefaultValueProvider(Objects.requireNonNull(config));
    line.parseArgs(all);
    return line;
  }

  private static Object value(CommandLine line, String option) {
    return line.getCommandSpec().findOption(option).getValue();
  }

  @Test
  void givesWhatTheCommandLineDoesNotSay() throws Exception {
    CommandLine line =
        line("router = a:1,b:2\nname = mine\ncoefficient=1500\n# why\n", "--name", "other");
    assertEquals("other", value(line, "--name"));
    assertEquals(1500, (Integer) value(line, "--coefficient"));
    assertEquals("[a:1, b:2]", String.valueOf(value(line, "--router")));
  }

  @Test
  void aNameThatIsNoOptionIsToldBeforeAnythingStarts() {
    IllegalArgumentException unknown =
        assertThrows(IllegalArgumentException.class, () -> line("ruoter = a:1\nname = x"));
    assertTrue(String.valueOf(unknown.getMessage()).contains("no options: ruoter;"));
  }

  @Test
  void aFileThatCannotBeReadIsToldByName() {
    CommandLine line = new CommandLine(new WorkerMain());
    String[] args = {"--config=" + folder.resolve("none")};
    IllegalArgumentException gone =
        assertThrows(
            IllegalArgumentException.class, () -> ConfigFile.of(args, line.getCommandSpec()));
    assertTrue(String.valueOf(gone.getMessage()).contains("cannot be read"));
    assertNull(ConfigFile.of(new String[] {"--name", "x"}, line.getCommandSpec()));
  }
}
