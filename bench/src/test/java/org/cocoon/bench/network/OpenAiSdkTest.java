package org.cocoon.bench.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.cocoon.backend.FakeModel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * What OpenAI's own, unmodified SDKs see of a router: answers, streams, and each class of error as
 * their own exception with their own retries.
 *
 * <p>The cases are in {@code src/test/sdk}, the same ones in both languages. The SDKs are installed
 * on demand in pinned versions; without a package registry these tests fail, unless {@code
 * COCOON_SKIP_SDK=1} leaves them out.
 */
@DisabledIfEnvironmentVariable(
    named = "COCOON_SKIP_SDK",
    matches = "1",
    disabledReason = "COCOON_SKIP_SDK=1")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OpenAiSdkTest {
  private static final Path PROGRAMS = Repository.root().resolve("bench/src/test/sdk");
  private static final long INSTALL_SECONDS = 300;
  private static final long RUN_SECONDS = 180;
  private static final int MAX_IN_FLIGHT = 3;
  private static final int TOKENS = 40;
  private static final int LONG_TOKENS = 2000;
  private static final String PROMPT = "Tell of the silk moth – in détail.";

  /** Each program must report each of these, so that none is silently lost. */
  private static final List<String> CASES =
      List.of(
          "listsModels",
          "retrievesAModel",
          "chats",
          "streamsExactlyWithUsage",
          "answersMoreThanOnce",
          "completes",
          "refusesAWrongTemperature",
          "refusesAnUnknownKey",
          "refusesAPoorAccountOnce",
          "refusesAnUnknownModel",
          "refusesABodyTooLarge",
          "refusesAPromptTooLong",
          "limitsRequestsInFlight",
          "endsAtTheRequestsDeadline",
          "tellsOfTheDeadlineWithinAStream",
          "timesOutByItself",
          "retriesWhenNoWorkerIsCheapEnough",
          "cannotConnect",
          "abortsAStream");

  private Path folder = Path.of("");
  private TestNetwork network;

  @BeforeAll
  void start(@TempDir Path fresh) throws Exception {
    folder = fresh;
    network = new TestNetwork(folder, MAX_IN_FLIGHT);
    network.worker("w1", "--fake-rate", "200", "--slots", "16");
  }

  @AfterAll
  void stop() throws Exception {
    network.close();
  }

  @TestFactory
  Stream<DynamicTest> theNodeSdkSeesWhatOpenAiWouldShow() throws Exception {
    return cases("node", "node", PROGRAMS.resolve("node/contract.mjs"));
  }

  @TestFactory
  Stream<DynamicTest> thePythonSdkSeesWhatOpenAiWouldShow() throws Exception {
    return cases("python", "python3", PROGRAMS.resolve("python/contract.py"));
  }

  private Stream<DynamicTest> cases(String sdk, String interpreter, Path program) throws Exception {
    JsonObject given = given(sdk).put("sdk", install(sdk));
    ProcessBuilder builder = new ProcessBuilder(interpreter, program.toString());
    builder.environment().put("COCOON_SDK_CONTRACT", given.encode());
    builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
    List.of("http_proxy", "https_proxy", "all_proxy")
        .forEach(
            name -> {
              builder.environment().remove(name);
              builder.environment().remove(name.toUpperCase(java.util.Locale.ROOT));
            });
    String output = run(sdk + "-contract", builder, RUN_SECONDS);
    Map<String, String> failures = new LinkedHashMap<>();
    output
        .lines()
        .forEach(
            line -> {
              if (line.startsWith("ok ")) {
                failures.put(line.substring(3), "");
              } else if (line.startsWith("failed ")) {
                int colon = line.indexOf(':');
                failures.put(line.substring(7, colon), line.substring(colon + 1).strip());
              }
            });
    network.await("nothing is left running at the worker", () -> network.inFlight() == 0);
    List<DynamicTest> tests = new ArrayList<>();
    for (String name : CASES) {
      String failure = failures.getOrDefault(name, "not reported; all output:\n" + output);
      tests.add(DynamicTest.dynamicTest(name, () -> assertTrue(failure.isEmpty(), () -> failure)));
    }
    tests.add(
        DynamicTest.dynamicTest(
            "bothSdksHaveTheSameCases", () -> assertEquals(CASES, List.copyOf(failures.keySet()))));
    return tests.stream();
  }

  private JsonObject given(String sdk) throws Exception {
    int[] chat = FakeModel.tokenize("user: " + PROMPT + "\nassistant:");
    int[] text = FakeModel.tokenize(PROMPT);
    return new JsonObject()
        .put("url", network.uri("/v1").toString())
        .put("deadUrl", "http://127.0.0.1:%d/v1".formatted(deadPort()))
        .put("key", network.key())
        .put("unknownKey", "ck_" + "A".repeat(43))
        .put("poorKey", network.account("poor-" + sdk, 100))
        .put("model", "fake")
        .put("maxInFlight", MAX_IN_FLIGHT)
        .put("tokens", TOKENS)
        .put("prompt", PROMPT)
        .put("answer", FakeModel.text(FakeModel.answer(chat, TOKENS)))
        .put("longAnswer", FakeModel.text(FakeModel.answer(chat, LONG_TOKENS)))
        .put("completionPrompt", PROMPT)
        .put("completionAnswer", FakeModel.text(FakeModel.answer(text, TOKENS)));
  }

  /** A port at which nothing listens. */
  private static int deadPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private String install(String sdk) throws Exception {
    String install = PROGRAMS.resolve("install").toString();
    return run(sdk + "-install", new ProcessBuilder(install, sdk), INSTALL_SECONDS).strip();
  }

  private String run(String name, ProcessBuilder builder, long seconds) throws Exception {
    Path output = folder.resolve(name + ".out");
    Path errors = folder.resolve(name + ".err");
    Process process;
    try {
      process = builder.redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
    } catch (IOException e) {
      return fail(builder.command().getFirst() + " cannot be started; COCOON_SKIP_SDK=1 skips", e);
    }
    if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      fail(name + " did not end in " + seconds + " s: " + Files.readString(output));
    }
    String said = Files.readString(errors);
    assertEquals(0, process.exitValue(), () -> name + ": " + said);
    return Files.readString(output);
  }
}
