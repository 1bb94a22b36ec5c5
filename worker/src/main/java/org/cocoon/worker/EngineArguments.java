package org.cocoon.worker;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
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
import org.cocoon.worker.engine.Engine;
import org.cocoon.worker.engine.EngineOptions;
import org.cocoon.worker.engine.NativeEngine;
import org.cocoon.worker.engine.StepListener;
import org.cocoon.worker.engine.Turns;
import org.cocoon.worker.upstream.UpstreamOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What computes tokens, on a worker's command line; a mixin. */
final class EngineArguments implements ModelOpener {
  private static final int CPU_SLOTS = 8;
  private static final int CPU_CONTEXT = 2048;
  private static final int GPU_SLOTS = 32;
  private static final int MOST_KEPT = 248;
  private static final Duration LONGEST = Duration.ofHours(1);

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

  @Option(
      names = "--prefill-chunk",
      defaultValue = "64",
      description = "Prompt tokens in a step in which others generate, at most (default 64).")
  private int prefillChunk;

  @Option(
      names = "--target-step-ms",
      defaultValue = "100",
      paramLabel = "MS",
      description =
          "Prompts are cut so that no step is planned longer, which bounds the time between two"
              + " tokens of everybody else (default 100; 0: by --prefill-chunk alone).")
  private int targetStepMillis;

  @Option(
      names = "--max-queued",
      defaultValue = "64",
      paramLabel = "N",
      description = "Requests that wait for a slot; one more is refused as busy (default 64).")
  private int maxQueued;

  @Option(
      names = "--kept-prefixes",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "llama: prefixes of earlier prompts kept beside those in free slots, each for the memory"
              + " of one slot (default 0).")
  private int keptPrefixes;

  @Option(
      names = "--patience",
      defaultValue = "PT5S",
      paramLabel = "DURATION",
      description =
          "How long a request waits before it counts as starved, and one that runs may leave its"
              + " answer unread before others may have its slot (default PT5S).")
  private Duration patience = Duration.ofSeconds(5);

  @Option(
      names = "--max-preemptions",
      defaultValue = "2",
      paramLabel = "N",
      description = "How often one request gives its slot up for others, 0 to 100 (default 2).")
  private int maxPreemptions;

  @Option(
      names = "--prompt-lookup",
      defaultValue = "0",
      paramLabel = "N",
      description =
          "llama: guess up to N next tokens from what stood in prompt or answer before, where that"
              + " pays; texts stay the same (default 0: off). docs/adr/0023 says where it pays.")
  private int promptLookup;

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
      names = "--no-prefix-reuse",
      description = "Compute every prompt anew, so that no timing tells what others asked.")
  private boolean noPrefixReuse;

  @Option(
      names = "--step-timeout",
      defaultValue = "PT60S",
      paramLabel = "DURATION",
      description =
          "The engine hangs if no step ends for so long while there is work (default PT60S).")
  private Duration stepTimeout = Duration.ofSeconds(60);

  @Option(
      names = "--upstream",
      paramLabel = "URL",
      description =
          "The server beside this worker (default: looks at ports 8000, 30000, 8080, 11434).")
  private @Nullable String upstream;

  @Option(
      names = "--upstream-model",
      defaultValue = "",
      paramLabel = "NAME",
      description = "Which of its models (default: the only one).")
  private String upstreamModel = "";

  @Option(
      names = "--upstream-key-file",
      paramLabel = "FILE",
      description = "File with the key that the server asks for (default: none).")
  private @Nullable Path upstreamKeyFile;

  @Option(
      names = "--upstream-elsewhere",
      description =
          "The server may be on another machine. Every prompt then leaves this one, and with it"
              + " whatever protects it here.")
  private boolean upstreamElsewhere;

  @Option(
      names = "--upstream-wait",
      defaultValue = "PT10M",
      paramLabel = "DURATION",
      description = "How long to wait for the server to be ready (default PT10M).")
  private Duration upstreamWait = Duration.ofMinutes(10);

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
      case UPSTREAM -> upstream(spec, vertx, listener);
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

  private Engine upstream(ModelSpec spec, Vertx vertx, StepListener listener)
      throws InterruptedException {
    UpstreamOptions there =
        upstream == null ? null : upstream(spec, UpstreamOptions.address(upstream));
    return search(spec, vertx).await(there, listener);
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
    if (upstream != null) {
      return upstream(spec, vertx, listener);
    }
    Engine found = search(spec, vertx).first(listener);
    if (found != null) {
      return found;
    }
    System.err.println("worker: no server listens beside this worker: --engine llama");
    return over(llama(spec, loading), options, listener);
  }

  private UpstreamSearch search(ModelSpec spec, Vertx vertx) {
    return new UpstreamSearch(vertx, there -> upstream(spec, there), upstreamWait);
  }

  /** What was said of a server there. */
  private UpstreamOptions upstream(ModelSpec spec, URI there) {
    UpstreamOptions options =
        new UpstreamOptions(
            there,
            upstreamModel(spec),
            spec.name(),
            upstreamKey(),
            slots,
            context,
            UpstreamOptions.Limits.DEFAULT);
    if (!options.isLocal() && !upstreamElsewhere) {
      throw new IllegalArgumentException(
          "--upstream %s is another machine, and every prompt would leave this one; if that is what you want, say --upstream-elsewhere"
              .formatted(there));
    }
    return options;
  }

  /** A model that is no file of ours is one of the server's. */
  private String upstreamModel(ModelSpec spec) {
    return upstreamModel.isEmpty() && !spec.source().endsWith(".gguf")
        ? spec.source()
        : upstreamModel;
  }

  /** Whether prompts leave this machine: then none may be opened here that was sealed. */
  boolean leavesTheMachine() {
    return upstreamElsewhere;
  }

  private String upstreamKey() {
    if (upstreamKeyFile == null) {
      return "";
    }
    try {
      return Files.readString(upstreamKeyFile).strip();
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "--upstream-key-file " + upstreamKeyFile + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * How the engine shares its time and its caches.
   *
   * @throws IllegalArgumentException a sentence that names the option that is wrong
   */
  EngineOptions options() {
    within("--kept-prefixes", keptPrefixes, 0, MOST_KEPT);
    if (keptPrefixes > 0 && kind() != Kind.LLAMA && kind() != Kind.FAKE) {
      throw new IllegalArgumentException("--kept-prefixes needs --engine llama");
    }
    if (keptPrefixes > 0 && noPrefixReuse) {
      throw new IllegalArgumentException("--kept-prefixes keeps what --no-prefix-reuse forbids");
    }
    within("--prompt-lookup", promptLookup, 0, 64);
    if (promptLookup > 0 && kind() != Kind.LLAMA && kind() != Kind.FAKE) {
      throw new IllegalArgumentException("--prompt-lookup needs --engine llama");
    }
    if (exact && (kind() != Kind.LLAMA || threads() != 1)) {
      throw new IllegalArgumentException("--exact needs --engine llama, and --threads 1");
    }
    if (patience.compareTo(Duration.ofMillis(1)) < 0 || patience.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException("--patience is PT0.001S to " + LONGEST);
    }
    return EngineOptions.DEFAULTS
        .withSlots(keptPrefixes == 0 ? 0 : cpuSlots())
        .withMaxQueued(within("--max-queued", maxQueued, 0, 65_536))
        .withReusePrefixes(!noPrefixReuse)
        .withPrefillChunk(within("--prefill-chunk", prefillChunk, 1, 65_536))
        .withTargetStepMillis(within("--target-step-ms", targetStepMillis, 0, 60_000))
        .withPromptLookup(promptLookup)
        .withPreemption(
            (int) patience.toMillis(), within("--max-preemptions", maxPreemptions, 0, 100));
  }

  private static int within(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s is %d to %d, not %d".formatted(option, least, most, value));
    }
    return value;
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
    return cpuSlots() + keptPrefixes;
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
<<<<<<< HEAD
                spec.name().isEmpty() ? fromFile : spec.name(),
                cpuSequences(),
                contextTokens(),
                batchTokens(),
=======
                modelName == null ? fromFile : modelName,
                sequences,
                context == 0 ? CPU_CONTEXT : context,
                Math.max(512, sequences),
>>>>>>> spec
                threads())
            .withExact(exact)
            .withGuesses(promptLookup),
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
