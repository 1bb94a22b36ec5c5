package org.cocoon.worker;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import org.cocoon.backend.Backend;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.FakeBackend;
import org.cocoon.backend.FakeOptions;
import org.cocoon.backend.LlamaBackend;
import org.cocoon.backend.LlamaOptions;
import org.cocoon.backend.tensorrt.EngineProbe;
import org.cocoon.backend.tensorrt.TensorRtBackend;
import org.cocoon.backend.tensorrt.TensorRtOptions;
import org.cocoon.model.MemoryNeed;
import org.cocoon.model.ModelFileException;
import org.cocoon.worker.control.ModelSpec;
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.Turns;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What computes tokens, on a worker's command line; a mixin. */
final class EngineArguments implements ModelOpener {
  private static final int CPU_SLOTS = 8;
  private static final int CPU_CONTEXT = 2048;
  private static final int GPU_SLOTS = 32;

  /** What computes tokens. */
  enum Kind {
    AUTO,
    LLAMA,
    TENSORRT,
    UPSTREAM,
    FAKE
  }

  @Option(
      names = "--engine",
      defaultValue = "llama",
      paramLabel = "KIND",
      description = {
        "llama: a GGUF file on the CPU (default);",
        "upstream: an OpenAI-compatible server beside this worker;",
        "tensorrt: a GPU; auto: the first of tensorrt, upstream, llama that is there;",
        "fake: deterministic, for tests."
      })
  private String engine = "";

  @Option(
      names = "--model",
      paramLabel = "FILE[@HASH]",
      split = ",",
      description = {
        "llama: the model, a GGUF file; tensorrt: a folder that ./cocoon model export wrote;",
        "upstream: its name there. Given several times, one worker has several models, each with",
        "slots and caches of its own. HASH: what ./cocoon model verify FILE must print."
      })
  private List<String> models = List.of();

  @Option(
      names = "--model-name",
      paramLabel = "NAME",
      split = ",",
      description = "Their names in requests, in the order of --model (default from the model).")
  private List<String> modelNames = List.of();

  @Option(
      names = "--native",
      paramLabel = "DIR",
      defaultValue = "native/target/bridge",
      description = "Folder of the native libraries (default ${DEFAULT-VALUE}).")
  private Path nativeFolder = Path.of("");

  @Option(
      names = "--slots",
      defaultValue = "0",
      description =
          "Requests at a time, of each model (default 8; tensorrt 32; upstream: what the server"
              + " says, or 64).")
  private int slots;

  @Option(
      names = "--context",
      defaultValue = "0",
      paramLabel = "TOKENS",
      description = "Prompt and answer together (default 2048; upstream: what the server says).")
  private int context;

  @Option(
      names = "--threads",
      description =
          "llama: threads that compute (default cores - 1; with --exact 1). Several models take turns"
              + " at them, a step each.")
  private @Nullable Integer threads;

  @Option(
      names = "--exact",
      description =
          "llama: another exact engine goes on with an answer token by token as this one would have,"
              + " whatever else both compute. One thread; docs/adr/0007 says what it costs.")
  private boolean exact;

  @Mixin private SchedulingArguments scheduling = new SchedulingArguments();

  @Option(
      names = "--tensorrt",
      paramLabel = "DIR",
      description =
          "tensorrt: folder that native/fetch tensorrt printed (./cocoon worker knows it).")
  private @Nullable Path tensorRt;

  @Option(
      names = "--engines",
      paramLabel = "DIR",
      defaultValue = "engines",
      description = "tensorrt: where compiled engines are kept (default ${DEFAULT-VALUE}).")
  private Path engines = Path.of("");

  @Option(
      names = "--step-timeout",
      defaultValue = "PT60S",
      paramLabel = "DURATION",
      description =
          "The engine hangs if no step ends for so long while there is work (default PT60S).")
  private Duration stepTimeout = Duration.ofSeconds(60);

  @Mixin private UpstreamArguments upstream = new UpstreamArguments();

  @Option(
      names = "--fake-rate",
      defaultValue = "0",
      description = "fake: tokens a second of each stream (default 0: as fast as possible).")
  private int fakeRate;

  @Option(
      names = "--fake-first-token-ms",
      defaultValue = "0",
      description = "fake: delay of the first token (default 0).")
  private int fakeFirstTokenMillis;

  @Option(
      names = "--fake-length",
      defaultValue = "128",
      description = "fake: tokens of an answer (default 128).")
  private int fakeLength;

  private final Turns turns = new Turns();

  /** The kind that was asked for. */
  Kind kind() {
    try {
      return Kind.valueOf(engine.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--engine is auto, llama, tensorrt, upstream or fake, not '" + engine + "'", e);
    }
  }

  /** Where the native libraries are. */
  Path nativeFolder() {
    return nativeFolder;
  }

  /**
   * The models that were named; one without a name where none was.
   *
   * @throws IllegalArgumentException a sentence, if what was said cannot be
   */
  List<ModelSpec> models() {
    if (models.isEmpty() && modelNames.size() < 2) {
      return List.of(
          modelNames.isEmpty() ? ModelSpec.NONE : ModelSpec.parse("", modelNames.getFirst()));
    }
    // The fake engine needs no file: names say how many there are.
    List<String> sources = models.isEmpty() && kind() == Kind.FAKE ? modelNames : models;
    if (!modelNames.isEmpty() && modelNames.size() != sources.size()) {
      throw new IllegalArgumentException(
          "--model-name is given once for each --model, in their order, or not at all");
    }
    if (sources.size() > 1) {
      requireSeveral();
    }
    List<ModelSpec> specs = new ArrayList<>();
    for (int i = 0; i < sources.size(); i++) {
      specs.add(ModelSpec.parse(sources.get(i), modelNames.isEmpty() ? "" : modelNames.get(i)));
    }
    return List.copyOf(specs);
  }

  private void requireSeveral() {
    switch (kind()) {
      case LLAMA, TENSORRT, FAKE -> {}
      case AUTO, UPSTREAM ->
          throw new IllegalArgumentException(
              "--engine %s has one model; start a worker for each, or name the engine that computes"
                  .formatted(engine));
    }
  }

  @Override
  public Engine open(ModelSpec spec, Vertx vertx, StepListener listener, Loading loading)
      throws InterruptedException {
    if (loading.besideOthers()) {
      requireSeveral();
    }
    EngineOptions options = options(); // what is wrong is told before a model is read
    return switch (kind()) {
      case LLAMA -> over(llama(spec, loading), options, listener);
      case FAKE -> over(fake(spec), options, listener);
      case UPSTREAM -> upstream.await(spec, slots, context, vertx, listener);
      case TENSORRT -> over(tensorRt(spec), options, listener);
      case AUTO -> auto(spec, vertx, options, listener, loading);
    };
  }

  @Override
  public OptionalLong bytesNeeded(ModelSpec spec) {
    if (kind() != Kind.LLAMA) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(
          MemoryNeed.bytes(file(spec), cpuSequences(), contextTokens(), batchTokens()));
    } catch (ModelFileException e) {
      throw new BackendException(e.getMessage(), e);
    }
  }

  private Engine auto(
      ModelSpec spec, Vertx vertx, EngineOptions options, StepListener listener, Loading loading)
      throws InterruptedException {
    boolean exported = !spec.source().isEmpty() && Files.isDirectory(Path.of(spec.source()));
    switch (EngineProbe.probe(tensorRtLibraries())) {
      case EngineProbe.Usable gpu when exported -> {
        System.err.println("worker: --engine tensorrt, on " + gpu.gpu());
        return over(tensorRt(spec), options, listener);
      }
      case EngineProbe.Usable gpu ->
          System.err.println(
              "worker: not --engine tensorrt on %s: --model is no folder that model export wrote"
                  .formatted(gpu.gpu()));
      case EngineProbe.Unusable why ->
          System.err.println("worker: not --engine tensorrt: " + why.reason());
    }
    if (upstream.isNamed()) {
      return upstream.await(spec, slots, context, vertx, listener);
    }
    Engine found = upstream.first(spec, slots, context, vertx, listener);
    if (found != null) {
      return found;
    }
    System.err.println("worker: no server listens beside this worker: --engine llama");
    return over(llama(spec, loading), options, listener);
  }

  /** Whether prompts leave this machine: then none may be opened here that was sealed. */
  boolean leavesTheMachine() {
    return upstream.leavesTheMachine();
  }

  /**
   * How the engine shares its time and its caches.
   *
   * @throws IllegalArgumentException a sentence that names the option that is wrong
   */
  EngineOptions options() {
    if (exact && (kind() != Kind.LLAMA || threads() != 1)) {
      throw new IllegalArgumentException("--exact needs --engine llama, and --threads 1");
    }
    return scheduling.options(kind() == Kind.LLAMA || kind() == Kind.FAKE, cpuSlots());
  }

  private Engine over(Backend backend, EngineOptions options, StepListener listener) {
    NativeEngine made =
        backend instanceof LlamaBackend
            ? NativeEngine.open(backend, options, listener, turns)
            : NativeEngine.open(backend, options, listener);
    return new WatchedEngine(made, stepTimeout);
  }

  private int threads() {
    if (threads != null) {
      return threads;
    }
    return exact ? 1 : Math.max(1, Runtime.getRuntime().availableProcessors() - 1);
  }

  private int cpuSlots() {
    return slots == 0 ? CPU_SLOTS : slots;
  }

  /** Caches of the CPU's engines: those of slots, and those that keep prefixes beside them. */
  private int cpuSequences() {
    return cpuSlots() + scheduling.keptPrefixes();
  }

  private int contextTokens() {
    return context == 0 ? CPU_CONTEXT : context;
  }

  private int batchTokens() {
    return Math.max(512, cpuSequences());
  }

  private Backend fake(ModelSpec spec) {
    String name = spec.name().isEmpty() ? spec.source() : spec.name();
    int sequences = cpuSequences();
    return FakeBackend.open(
        new FakeOptions(
            name.isEmpty() ? "fake" : name,
            sequences,
            contextTokens(),
            Math.max(2048, sequences),
            fakeRate,
            fakeFirstTokenMillis,
            fakeLength));
  }

  private Path tensorRtLibraries() {
    return tensorRt == null ? Path.of("tensorrt", "lib") : tensorRt.resolve("lib");
  }

  private Backend tensorRt(ModelSpec spec) {
    if (EngineProbe.probe(tensorRtLibraries()) instanceof EngineProbe.Unusable why) {
      throw new IllegalArgumentException("--engine tensorrt: " + why.reason());
    }
    Path exported = Path.of(spec.source());
    if (spec.source().isEmpty() || !Files.isDirectory(exported)) {
      throw new IllegalArgumentException(
          "--engine tensorrt needs --model FOLDER: ./cocoon model export FILE FOLDER writes one");
    }
    int sequences = slots == 0 ? GPU_SLOTS : slots;
    Backend backend =
        TensorRtBackend.open(
            new TensorRtOptions(
                tensorRtLibraries(),
                nativeFolder,
                exported,
                engines,
                sequences,
                contextTokens(),
                Math.max(1024, sequences)));
    String revision = backend.description().revision();
    if (!revision.endsWith(spec.hash())) {
      backend.close();
      throw new BackendException(
          "the model %s is %s, not %s".formatted(exported, revision, spec.hash()));
    }
    return backend;
  }

  private static Path file(ModelSpec spec) {
    if (spec.source().isEmpty()) {
      throw new IllegalArgumentException(
          "--engine llama needs --model FILE, a GGUF file (./cocoon worker --model NAME fetches"
              + " one)");
    }
    Path file = Path.of(spec.source());
    if (!Files.isRegularFile(file)) {
      throw new BackendException("there is no model file " + file);
    }
    return file;
  }

  private Backend llama(ModelSpec spec, Loading loading) {
    Path file = file(spec);
    String fileName = String.valueOf(file.getFileName());
    String fromFile = fileName.replaceFirst("\\.gguf$", "").toLowerCase(Locale.ROOT);
    long all = size(file);
    return LlamaBackend.open(
        new LlamaOptions(
                nativeFolder,
                file,
                spec.name().isEmpty() ? fromFile : spec.name(),
                cpuSequences(),
                contextTokens(),
                batchTokens(),
                threads())
            .withExact(exact)
            .withGuesses(scheduling.promptLookup()),
        spec.hash(),
        loading.besideOthers(),
        bytes -> {
          loading.hashed(bytes, all);
          if (bytes == all) {
            loading.reached("opening");
          }
        });
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new BackendException("the model " + file + " cannot be read: " + e.getMessage(), e);
    }
  }
}
