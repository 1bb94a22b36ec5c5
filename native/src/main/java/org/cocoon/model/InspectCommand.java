package org.cocoon.model;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tells what a model file is, from its header alone. */
@Command(
    name = "inspect",
    description =
        "Say what a model is: family, sizes, quantisation, memory; from its header alone.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon model inspect model.gguf",
      "  ./cocoon model inspect Llama-3.2-1B/ --tensors",
      "  ./cocoon model inspect exported/"
    })
final class InspectCommand implements Callable<Integer> {
  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Parameters(paramLabel = "PATH", description = "A .gguf file, a folder, or an exported folder.")
  private Path path = Path.of("");

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean listsTensors;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    if (Files.exists(path.resolve(ExportedModel.DESCRIPTION))) {
      describe(out, ExportedModel.open(path));
    } else {
      try (ModelSource source = ModelSource.open(path)) {
        describe(out, source);
      }
    }
    return 0;
  }

  private static void line(PrintWriter out, String name, Object value) {
    out.printf("  %-14s %s%n", name, value);
  }

  private static void describe(PrintWriter out, ExportedModel model) {
    out.println(model.name() + "@" + model.revision() + ":" + model.hash());
    line(out, "format", "exported graph (" + model.compute() + ")");
    line(out, "layers", model.layers());
    line(out, "vocabulary", model.vocabulary() + (model.hasVocabulary() ? "" : " (no tokenizer)"));
    line(out, "context", model.context());
    line(out, "candidates", model.candidates());
    line(out, "weights", megabytes(model.data().toFile().length()));
  }

  private void describe(PrintWriter out, ModelSource source) {
    ModelConfig config = source.config();
    out.println(config.name());
    line(out, "format", source.format());
    line(out, "architecture", config.architecture().label());
    line(out, "layers", config.layers());
    line(out, "hidden", config.hidden() + ", feed-forward " + config.feedForward());
    line(
        out,
        "heads",
        "%d of %d, %d for keys and values"
            .formatted(config.heads(), config.headDimension(), config.keyValueHeads()));
    line(out, "vocabulary", config.vocabulary());
    line(out, "context", config.context());
    if (config.slidingPattern() > 0) {
      line(
          out,
          "window",
          config.slidingWindow()
              + ", but in layer "
              + config.slidingPattern()
              + " and its multiples");
    }
    line(
        out,
        "rope",
        "base " + config.rope().base() + ", scaling " + config.rope().scaling().label());
    long parameters = 0;
    Map<TensorType, Integer> types = new EnumMap<>(TensorType.class);
    for (WeightTensor tensor : source.tensors().values()) {
      parameters += tensor.rows() * tensor.columns();
      types.merge(tensor.type(), 1, Integer::sum);
      if (listsTensors) {
        line(out, tensor.type().name(), tensor.name() + " " + tensor.shape());
      }
    }
    line(out, "tensors", types);
    line(out, "parameters", "%.1f million".formatted(parameters / 1e6));
    line(out, "file", megabytes(source.bytes()));
    long perToken =
        2L * Short.BYTES * config.layers() * config.keyValueHeads() * config.headDimension();
    line(out, "cache", perToken + " bytes a token in half precision");
  }

  private static String megabytes(long bytes) {
    return "%.1f MB".formatted(bytes / 1e6);
  }
}
