package org.cocoon.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.cocoon.client.ChatRequest.Message;

/** The conversations that a run asks about: the same for the same seed. */
@FunctionalInterface
interface Prompts {
  /** The longest list taken from a file. */
  int MAX_PROMPTS = 1_000_000;

  /** The messages of a request; any thread. */
  List<Message> of(long index);

  /**
   * One user message of random common words, each of them about one token for English vocabularies.
   * The server's usage says how many it really were.
   *
   * @param tokens words, at least 1
   */
  static Prompts synthetic(int tokens, long seed) {
    if (tokens < 1) {
      throw new IllegalArgumentException("a prompt needs at least one token: " + tokens);
    }
    return index -> {
      SplittableRandom random = new SplittableRandom(seed * 0x9E3779B97F4A7C15L + index);
      StringBuilder text = new StringBuilder(tokens * 6);
      for (int i = 0; i < tokens; i++) {
        text.append(i == 0 ? "" : " ").append(WORDS.get(random.nextInt(WORDS.size())));
      }
      return List.of(new Message("user", text.toString()));
    };
  }

  /**
   * Prompts from a file, taken in turn: each line is a JSON object with {@code messages} or {@code
   * prompt}, or else plain text.
   *
   * @throws IOException if the file cannot be read, has no prompt, or a line is broken
   */
  static Prompts ofFile(Path file) throws IOException {
    ObjectMapper json = new ObjectMapper();
    List<List<Message>> prompts = new ArrayList<>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      if (prompts.size() == MAX_PROMPTS) {
        throw new IOException(file + " has more than " + MAX_PROMPTS + " prompts");
      }
      try {
        prompts.add(line.startsWith("{") ? messages(json.readTree(line)) : user(line));
      } catch (IOException e) {
        throw new IOException(file + " line " + number + ": " + e.getMessage(), e);
      }
    }
    if (prompts.isEmpty()) {
      throw new IOException(file + " holds no prompt");
    }
    return index -> prompts.get((int) (index % prompts.size()));
  }

  private static List<Message> user(String text) {
    return List.of(new Message("user", text));
  }

  private static List<Message> messages(JsonNode line) throws IOException {
    if (line.path("prompt").isTextual()) {
      return user(line.path("prompt").textValue());
    }
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : line.path("messages")) {
      if (!message.path("role").isTextual() || !message.path("content").isTextual()) {
        throw new IOException("each message needs a role and a content, both text");
      }
      messages.add(
          new Message(message.path("role").textValue(), message.path("content").textValue()));
    }
    if (messages.isEmpty()) {
      throw new IOException("neither prompt nor messages");
    }
    return List.copyOf(messages);
  }

  /** Common English words, one token each in the usual vocabularies. */
  List<String> WORDS =
      List.of(
          ("the of and to in is you that it he was for on are "
                  + "as with his they at be this have from or one had by word "
                  + "but not what all were we when your can said there use an each "
                  + "which she do how their if will up other about out many then them "
                  + "these so some her would make like him into time has look two more "
                  + "write go see number no way could people my than first water been call "
                  + "who its now find long down day did get come made may part")
              .split(" "));
}
