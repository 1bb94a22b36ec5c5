package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelMainTest {
  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  private int run(String... arguments) {
    out.reset();
    err.reset();
    return ModelMain.run(
        new PrintStream(out, true, UTF_8), new PrintStream(err, true, UTF_8), arguments);
  }

  private String tiny() throws IOException {
    Path file = folder.resolve("tiny.gguf");
    new TinyModel(Architecture.LLAMA, 5).gguf().write(file);
    return file.toString();
  }

  @Test
  void inspectsExportsAndVerifies() throws IOException {
    String model = tiny();
    String exported = folder.resolve("out").toString();
    assertEquals(0, run("inspect", model, "--tensors"));
    assertTrue(out.toString(UTF_8).contains("4 of 16, 2 for keys and values"), out.toString(UTF_8));
    assertEquals(0, run("export", model, exported, "--name", "tiny", "--weights", "f32"));
    String identity = out.toString(UTF_8).strip();
    assertEquals(0, run("verify", model));
    String hash = out.toString(UTF_8).substring(0, 64);
    assertEquals("tiny@file:" + hash, identity);
    assertEquals(0, run("verify", exported, "--hash", hash));
    assertEquals(0, run("inspect", exported));
    assertTrue(out.toString(UTF_8).startsWith(identity), out.toString(UTF_8));
  }

  @Test
  void saysInOneLineWhatIsWrongAndFails() throws IOException {
    String model = tiny();
    assertEquals(1, run("verify", model, "--hash", "00"));
    assertTrue(err.toString(UTF_8).startsWith("cocoon: "), err.toString(UTF_8));
    assertEquals(1, err.toString(UTF_8).lines().count());
    assertEquals(1, run("pull", "no-such-model"));
    assertTrue(err.toString(UTF_8).contains("./cocoon model list"), err.toString(UTF_8));
    assertEquals(1, run("inspect", folder.resolve("nowhere").toString()));
    assertEquals(2, run("export", model));
  }

  @Test
  void everyCommandHasHelp() {
    assertEquals(0, run("--help"));
    for (String command : new String[] {"inspect", "export", "verify", "list", "pull"}) {
      assertTrue(run(command, "--help") == 0 && out.size() > 100, command);
    }
  }

  @Test
  void pullRunsTheFetcherAndPrintsItsLastLine() throws IOException {
    Path fetcher = folder.resolve("fetch");
    Files.writeString(fetcher, "#!/bin/sh\necho noise\necho /cache/$2.gguf\n");
    assertTrue(fetcher.toFile().setExecutable(true));
    assertEquals(0, run("pull", "gemma3-270m", "--fetcher", fetcher.toString()));
    assertEquals("/cache/gemma3-270m.gguf", out.toString(UTF_8).strip());
  }
}
