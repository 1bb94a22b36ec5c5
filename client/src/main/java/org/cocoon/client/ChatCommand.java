package org.cocoon.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code chat}: a conversation at the terminal, or one answer for a script. */
@Command(
    name = "chat",
    description = "Talk to a model; answers appear token by token.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "With PROMPT, or with a pipe as input, it answers once and exits. Otherwise it",
      "is a conversation: /reset starts anew, /quit leaves, Ctrl-C stops an answer.",
      "",
      "Examples:",
      "  cocoon chat",
      "  cocoon chat What is attestation?",
      "  git diff | cocoon chat --system 'Write a commit message for this diff.'",
      "",
      "Exit codes: 0 answered, 1 no answer, 2 wrong usage, 130 stopped by Ctrl-C."
    })
final class ChatCommand implements Callable<Integer> {
  /** As the shell knows a command that Ctrl-C ended. */
  private static final int STOPPED = 130;

  private static final int MAX_PIPED_BYTES = 16 * 1024 * 1024;

  private final Terminal terminal;
  private final Map<String, String> environment;

  @Spec private @Nullable CommandSpec spec;
  @Mixin private ServerOptions server = new ServerOptions();

  @Option(names = "--model", paramLabel = "MODEL", description = "Default: the first one served.")
  private @Nullable String model;

  @Option(names = "--system", paramLabel = "TEXT", description = "The system message.")
  private @Nullable String system;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      defaultValue = "0",
      description = "0 (always the likeliest token) to 2 (default ${DEFAULT-VALUE}).")
  private double temperature;

  @Parameters(paramLabel = "PROMPT", arity = "0..*", description = "The question.")
  private List<String> prompt = List.of();

  ChatCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  @Override
  public Integer call() throws IOException {
    CommandSpec command = Objects.requireNonNull(spec);
    OptionalDouble chosen = OptionalDouble.of(temperature);
    if (!(temperature >= 0 && temperature <= 2)) {
      throw new ParameterException(command.commandLine(), "--temperature must be 0 to 2");
    }
    try (CocoonClient client = server.client(command, environment)) {
      String asked = model != null ? model : firstModel(client);
      Conversation conversation =
          new Conversation(client, terminal, asked, Optional.ofNullable(system), chosen);
      if (!prompt.isEmpty()) {
        return once(conversation, String.join(" ", prompt));
      }
      if (!terminal.interactive()) {
        return once(conversation, piped());
      }
      return converse(conversation);
    } catch (CocoonException e) {
      terminal.err().println(Advice.on(e));
      return 1;
    }
  }

  private static String firstModel(CocoonClient client) {
    return client.models().stream()
        .findFirst()
        .orElseThrow(
            () ->
                new CocoonException(
                    CocoonException.Kind.UNAVAILABLE, "no worker offers a model yet"));
  }

  private String piped() throws IOException {
    byte[] bytes = terminal.in().readNBytes(MAX_PIPED_BYTES + 1);
    if (bytes.length > MAX_PIPED_BYTES) {
      throw new CocoonException(
          CocoonException.Kind.REJECTED, "the input is larger than " + MAX_PIPED_BYTES + " bytes");
    }
    String text = new String(bytes, StandardCharsets.UTF_8).strip();
    if (text.isEmpty()) {
      throw new ParameterException(
          Objects.requireNonNull(spec).commandLine(), "there is no question to ask");
    }
    return text;
  }

  private int once(Conversation conversation, String question) {
    AtomicBoolean stopped = new AtomicBoolean();
    Interrupts.onCtrlC(
        () -> {
          stopped.set(true);
          if (!conversation.stopAnswer()) {
            Runtime.getRuntime().halt(STOPPED);
          }
        });
    conversation.ask(question);
    return stopped.get() ? STOPPED : 0;
  }

  private int converse(Conversation conversation) throws IOException {
    Interrupts.onCtrlC(
        () -> {
          if (!conversation.stopAnswer()) {
            terminal.out().println();
            Runtime.getRuntime().halt(0);
          }
        });
    terminal
        .out()
        .println(
            terminal.dim(conversation.model() + " · /help for commands, Ctrl-C stops an answer"));
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(terminal.in(), StandardCharsets.UTF_8));
    while (true) {
      terminal.out().print("> ");
      terminal.out().flush();
      String line = lines.readLine();
      if (line == null) {
        terminal.out().println();
        return 0;
      }
      switch (line.strip()) {
        case "" -> {}
        case "/quit", "/exit" -> {
          return 0;
        }
        case "/reset" -> {
          conversation.reset();
          terminal.out().println(terminal.dim("A new conversation."));
        }
        case "/help" ->
            terminal
                .out()
                .println(
                    terminal.dim(
                        "/reset starts a new conversation, /quit leaves; Ctrl-C stops an answer,"
                            + " and at the prompt leaves."));
        default -> answer(conversation, line);
      }
    }
  }

  private void answer(Conversation conversation, String question) {
    try {
      conversation.ask(question);
    } catch (CocoonException e) {
      terminal.err().println(Advice.on(e));
    }
  }
}
