package org.cocoon.model;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Exports a model as an ONNX graph. */
@Command(
    name = "export",
    description = "Export a GGUF or safetensors model as the ONNX graph of docs/GRAPH.md.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon model export model.gguf exported/",
      "  ./cocoon model export model.gguf exported/ --weights int4 --context 4096",
      "  ./cocoon model export Llama-3.2-1B/ exported/ --vocabulary llama-3.2-1b-q4_k_m.gguf"
    })
final class ExportCommand implements Callable<Integer> {
  /** How weights are stored. */
  enum Weights {
    /** Half precision. */
    F16,
    /** The upper half of a single. */
    BF16,
    /** Single precision, for the numeric reference. */
    F32,
    /** Signed nibbles with a scale for each 32. */
    INT4
  }

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  @Parameters(index = "0", paramLabel = "MODEL", description = "A .gguf file or a folder.")
  private Path model = Path.of("");

  @Parameters(index = "1", paramLabel = "FOLDER", description = "Where to write.")
  private Path folder = Path.of("");

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).",
      defaultValue = "f16")
  private Weights weights = Weights.F16;

  @Option(
      names = "--context",
      paramLabel = "TOKENS",
      description = "Tokens that a sequence can have (default: what the model was trained for).")
  private int context;

  @Option(
      names = "--candidates",
      paramLabel = "COUNT",
      description = "Most likely tokens that the graph picks out (default: ${DEFAULT-VALUE}).",
      defaultValue = "64")
  private int candidates;

  @Option(names = "--name", paramLabel = "NAME", description = "The model's name in requests.")
  private String name = "";

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      description = "The part of its identity before the hash (default: ${DEFAULT-VALUE}).",
      defaultValue = "file")
  private String revision = "file";

  @Option(
      names = "--vocabulary",
      paramLabel = "FILE",
      description = "A GGUF file whose tokenizer goes along (default: the model's own).")
  private @Nullable Path vocabulary;

  @Override
  public Integer call() {
    OnnxType compute =
        switch (weights) {
          case F16, INT4 -> OnnxType.FLOAT16;
          case BF16 -> OnnxType.BFLOAT16;
          case F32 -> OnnxType.FLOAT32;
        };
    ExportOptions options =
        new ExportOptions(compute, weights == Weights.INT4, context, candidates, name, revision);
    try (ModelSource source = ModelSource.open(model)) {
      if (vocabulary == null) {
        export(source, source.vocabulary(), options);
      } else {
        try (GgufFile tokenizer = GgufFile.open(vocabulary)) {
          export(source, Optional.of(tokenizer), options);
        }
      }
    }
    return 0;
  }

  private void export(ModelSource source, Optional<GgufFile> tokenizer, ExportOptions options) {
    String hash;
    try (Progress progress = new Progress(spec.commandLine().getErr(), "hashing", source.bytes())) {
      hash = source.hash(progress);
    }
    ExportedModel exported;
    try (Progress progress =
        new Progress(spec.commandLine().getErr(), "exporting", source.bytes())) {
      exported = GraphExporter.export(source, tokenizer, hash, folder, options, progress);
    }
    var out = spec.commandLine().getOut();
    out.println(exported.name() + "@" + exported.revision() + ":" + exported.hash());
    if (!exported.hasVocabulary()) {
      out.println("It has no vocabulary: give --vocabulary FILE.gguf to be able to run it.");
    }
  }
}
