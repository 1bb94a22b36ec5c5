package org.cocoon.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.cocoon.client.ChatRequest.Message;
import org.jspecify.annotations.Nullable;

/**
 * One conversation at a terminal: asks, prints the answer as it comes, and remembers both.
 *
 * <p>One thread asks; {@link #stopAnswer()} may come from any.
 */
final class Conversation {
  private final CocoonClient client;
  private final Terminal terminal;
  private final String model;
  private final OptionalDouble temperature;
  private final List<Message> messages = new ArrayList<>();
  private final int opening;
  private volatile @Nullable ChatStream answering;

  Conversation(
      CocoonClient client,
      Terminal terminal,
      String model,
      Optional<String> system,
      OptionalDouble temperature) {
    this.client = client;
    this.terminal = terminal;
    this.model = model;
    this.temperature = temperature;
    system.ifPresent(text -> messages.add(new Message("system", text)));
    this.opening = messages.size();
  }

  String model() {
    return model;
  }

  /** Forgets everything but the system message. */
  void reset() {
    messages.subList(opening, messages.size()).clear();
  }

  /**
   * Asks and prints. A stopped answer is remembered as far as it came; a failed one is forgotten
   * with its question, so that the person can ask it again.
   *
   * @throws CocoonException if there was no whole answer, though it was not stopped
   */
  void ask(String question) {
    messages.add(new Message("user", question));
    StringBuilder answer = new StringBuilder();
    try (ChatStream stream =
        client.open(new ChatRequest(model, messages, temperature, OptionalInt.empty()))) {
      answering = stream;
      while (stream.hasNext()) {
        String piece = stream.next();
        answer.append(piece);
        terminal.write(piece);
      }
      terminal.write("\n");
      messages.add(new Message("assistant", answer.toString()));
      if (terminal.interactive()) {
        terminal.out().println(terminal.dim(figures(stream)));
      }
    } catch (CocoonException e) {
      messages.removeLast();
      if (!answer.isEmpty()) {
        terminal.write("\n");
      }
      throw e;
    } finally {
      answering = null;
    }
  }

  /**
   * Stops the answer that is being printed.
   *
   * @return false if there is none
   */
  boolean stopAnswer() {
    ChatStream stream = answering;
    if (stream == null) {
      return false;
    }
    stream.close();
    return true;
  }

  /** What the answer was worth knowing: usage, speed, cost. */
  static String figures(ChatStream stream) {
    List<String> parts = new ArrayList<>();
    if (!stream.isComplete()) {
      parts.add("stopped");
    }
    stream
        .usage()
        .ifPresent(
            usage -> {
              parts.add(usage.promptTokens() + " + " + usage.completionTokens() + " tokens");
              speed(usage.completionTokens(), stream.generationTime()).ifPresent(parts::add);
            });
    stream
        .timeToFirstToken()
        .ifPresent(first -> parts.add("first token after " + first.toMillis() + " ms"));
    stream.usage().flatMap(Usage::cost).ifPresent(cost -> parts.add(cost.toString()));
    return String.join(" · ", parts);
  }

  /** Tokens per second between the first token and the last. */
  private static Optional<String> speed(long tokens, Duration generation) {
    return tokens < 2 || generation.isZero()
        ? Optional.empty()
        : Optional.of(
            String.format(Locale.ROOT, "%.1f tokens/s", (tokens - 1) * 1e9 / generation.toNanos()));
  }
}
