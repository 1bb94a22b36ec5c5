package org.cocoon.bench.network;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The {@code ./cocoon} of this repository, used as a person uses it, on a data folder of its own
 * and free ports. It runs the programs as they are built, because Maven may be running this.
 */
final class Launcher {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final Path data;
  private final Path scratch;
  private int commands;

  /** What a command said, and how it ended. */
  record Outcome(int status, String output, Duration took) {}

  /** Something that becomes true. */
  interface Condition {
    boolean holds() throws Exception;
  }

  Launcher(Path folder) {
    this.data = folder.resolve("data");
    this.scratch = folder;
  }

  Path data() {
    return data;
  }

  /** Runs {@code ./cocoon COMMAND OPTIONS --data DATA} to its end. */
  Outcome run(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("./cocoon"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data", data.toString()));
    return execute(command);
  }

  /** Runs a script of bash in the repository's folder. */
  Outcome bash(String script) throws Exception {
    return execute(List.of("bash", "-c", script));
  }

  /** Starts a command that runs until it is ended; what it says goes into a file of this name. */
  Process start(String name, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("./cocoon"));
    command.addAll(List.of(arguments));
    command.addAll(List.of("--data", data.toString()));
    return begin(command, scratch.resolve(name));
  }

  private static Process begin(List<String> command, Path output) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(Repository.root().toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("COCOON_NO_BUILD", "1");
    builder.environment().keySet().removeAll(List.of("OPENAI_BASE_URL", "OPENAI_API_KEY"));
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }

  private Outcome execute(List<String> command) throws Exception {
    Path output = scratch.resolve("command-" + ++commands);
    long began = System.nanoTime();
    Process process = begin(command, output);
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(command + " did not end: " + Files.readString(output));
    }
    Duration took = Duration.ofNanos(System.nanoTime() - began);
    return new Outcome(process.exitValue(), Files.readString(output), took);
  }

  /** What the supervisor wrote down. */
  JsonObject state() throws IOException {
    return new JsonObject(Files.readString(data.resolve("network.json")));
  }

  /** The process of a worker, numbered from 1; 0 while there is none. */
  long worker(int number) throws IOException {
    return state().getJsonArray("workers").getLong(number - 1);
  }

  /** All processes that have this network's folder on their command line, or work in it. */
  List<Long> processes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      return all.filter(process -> process.getFileName().toString().matches("[0-9]+"))
          .filter(this::isOurs)
          .map(process -> Long.valueOf(process.getFileName().toString()))
          .toList();
    }
  }

  private boolean isOurs(Path process) {
    try {
      String[] arguments = Files.readString(process.resolve("cmdline")).split("\0");
      return Arrays.stream(arguments).anyMatch(one -> one.contains(data.toString()))
          || Files.readSymbolicLink(process.resolve("cwd")).startsWith(data);
    } catch (IOException e) {
      return false; // it ended meanwhile
    }
  }

  /** Waits for something that other processes bring about. */
  static void await(String what, Condition condition) throws Exception {
    long until = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("waited in vain: " + what);
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  /** Stops what a failed test left running. */
  void stop() throws Exception {
    if (Files.exists(data)) {
      run("down");
    }
    LongStream left = processes().stream().mapToLong(Long::longValue);
    left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
  }

  /** The API of the running network, found as every OpenAI client finds it. */
  Api api(HttpClient http) throws Exception {
    Outcome environment =
        bash(
            "eval \"$(./cocoon env --data '%s')\" && printf '%%s\\n' \"$OPENAI_BASE_URL\" \"$OPENAI_API_KEY\""
                .formatted(data));
    List<String> lines = environment.output().lines().toList();
    if (environment.status() != 0 || lines.size() != 2) {
      throw new AssertionError(environment.output());
    }
    return new Api(http, lines.get(0), lines.get(1));
  }

  /** The API of a running network, as its {@code env} tells it. */
  record Api(HttpClient http, String base, String key) {
    HttpRequest.Builder request(String path) {
      return HttpRequest.newBuilder(URI.create(base + path))
          .timeout(PATIENCE)
          .header("authorization", "Bearer " + key);
    }

    JsonObject get(String path) throws Exception {
      return new JsonObject(http.send(request(path).build(), BodyHandlers.ofString()).body());
    }

    JsonObject ask(JsonObject body) throws Exception {
      HttpResponse<String> response =
          http.send(
              request("/chat/completions")
                  .POST(HttpRequest.BodyPublishers.ofString(body.encode()))
                  .build(),
              BodyHandlers.ofString());
      return new JsonObject(Objects.requireNonNull(response.body()));
    }

    /** Attached workers. */
    List<JsonObject> workers() throws Exception {
      return get("/network").getJsonArray("workers").stream()
          .map(JsonObject.class::cast)
          .filter(worker -> worker.getString("state").equals("attached"))
          .toList();
    }
  }
}
