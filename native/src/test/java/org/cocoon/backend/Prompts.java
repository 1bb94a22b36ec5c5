package org.cocoon.backend;

import java.util.ArrayList;
import java.util.List;

/** Two hundred different questions in ChatML, always the same ones. */
final class Prompts {
  private static final List<String> TOPICS =
      List.of(
          "the moon",
          "a sourdough bread",
          "the French Revolution",
          "photosynthesis",
          "a bicycle",
          "the Pacific Ocean",
          "prime numbers",
          "honey bees",
          "a compiler",
          "jazz",
          "volcanoes",
          "the human heart",
          "chess",
          "electric cars",
          "the Roman Empire",
          "a thunderstorm",
          "vaccines",
          "a violin",
          "glaciers",
          "the stock market");

  private static final List<String> QUESTIONS =
      List.of(
          "What is the most important thing to know about %s?",
          "Write two sentences about %s for a child.",
          "List three facts about %s.",
          "Why do people care about %s?",
          "Write a short poem about %s.",
          "How would you explain %s to an engineer?",
          "What is a common mistake about %s?",
          "Tell me the history of %s in one paragraph.",
          "Give me a title for a book on %s.",
          "What question would you ask an expert on %s?");

  private Prompts() {}

  static List<String> first(int count) {
    List<String> prompts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String topic = TOPICS.get(i % TOPICS.size());
      String question = QUESTIONS.get((i / TOPICS.size() + i) % QUESTIONS.size()).formatted(topic);
      prompts.add(
          "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
              + question
              + "<|im_end|>\n<|im_start|>assistant\n");
    }
    return prompts;
  }
}
