package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The models that {@code native/fetch} knows, pinned by hash, and where it keeps them. */
final class PackagedModels {
  /** A model by the name that the launcher takes. */
  record Packaged(String name, String about, String cacheFolder) {
    /** Where it lies once it was fetched. */
    Path file(Path cache) {
      return cache.resolve("models").resolve(cacheFolder).resolve(name + ".gguf");
    }
  }

  static final List<Packaged> ALL =
      List.of(
          new Packaged(
              "smollm2-135m-instruct",
              "SmolLM2 135M Instruct, Q4_1, 98 MB, Apache-2.0",
              "b179c9523d0e"),
          new Packaged(
              "gemma3-270m",
              "Gemma 3 270M, base: no chat template; Q4_K_M, 253 MB, under Google's Gemma terms",
              "a5fd3b62230a"));

  private PackagedModels() {}

  /** COCOON_CACHE, or the user's own cache. */
  static Path cache() {
    String set = System.getenv("COCOON_CACHE");
    return set != null && !set.isEmpty()
        ? Path.of(set)
        : Path.of(System.getProperty("user.home"), ".cache", "cocoon");
  }

  static boolean has(String name) {
    return ALL.stream().anyMatch(model -> model.name().equals(name.toLowerCase(Locale.ROOT)));
  }

  /**
   * Runs {@code native/fetch}, whose messages go to the terminal.
   *
   * @return where the model lies
   * @throws ModelFileException if it failed; it has said why
   */
  static Path fetch(Path fetcher, String name) {
    if (!Files.isExecutable(fetcher)) {
      throw new ModelFileException(
          "there is no " + fetcher + ", which fetches packaged models; run ./cocoon model pull");
    }
    try {
      Process process =
          new ProcessBuilder(fetcher.toString(), "model", name.toLowerCase(Locale.ROOT))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      String path = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
      if (process.waitFor() != 0 || path.isEmpty()) {
        throw new ModelFileException("the model " + name + " could not be fetched: see above");
      }
      return Path.of(path.lines().reduce("", (_, last) -> last));
    } catch (IOException e) {
      throw new ModelFileException("cannot run " + fetcher + ": " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelFileException(
          "fetching " + name + " was interrupted; it goes on next time", e);
    }
  }
}
