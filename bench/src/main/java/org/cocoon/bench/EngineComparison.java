package org.cocoon.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * The same prompts through an engine alone and through a whole network, pair by pair.
 *
 * @param pairs in the order in which they were made, at least one
 */
record EngineComparison(List<Pair> pairs) {
  private static final JsonFactory JSON = new JsonFactory();

  /**
   * One batch of prompts, answered by each side.
   *
   * @param direct by the engine alone
   * @param network through the network
   */
  record Pair(EnginePass direct, EnginePass network) {
    /** What the network keeps of the engine's speed. */
    double ratio() {
      return network.tokensPerSecond() / direct.tokensPerSecond();
    }

    /** Whether both did the same work. */
    boolean sameWork() {
      return direct.promptTokens() == network.promptTokens()
          && direct.outputTokens() == network.outputTokens();
    }
  }

  EngineComparison {
    pairs = List.copyOf(pairs);
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException("a comparison needs at least one pair");
    }
  }

  /** Whether both sides did the same work in every pair. */
  boolean sameWork() {
    return pairs.stream().allMatch(Pair::sameWork);
  }

  /** The middle one of the pairs' ratios. */
  double ratio() {
    return spread(Pair::ratio).median();
  }

  private Spread spread(ToDoubleFunction<Pair> figure) {
    return Spread.of(pairs.stream().mapToDouble(figure));
  }

  /** The comparison as text, ending in a line feed. */
  String render() {
    StringBuilder text = new StringBuilder();
    line(text, "engine alone", spread(pair -> pair.direct().tokensPerSecond()), "%.1f", "tokens/s");
    line(text, "network", spread(pair -> pair.network().tokensPerSecond()), "%.1f", "tokens/s");
    line(text, "ratio", spread(Pair::ratio), "%.3f", "of the engine's speed");
    if (!sameWork()) {
      text.append(
          "NOT COMPARABLE: the two sides counted other numbers of tokens; is it the same model,"
              + " --system and --context?\n");
    }
    return text.toString();
  }

  private void line(StringBuilder text, String name, Spread spread, String format, String unit) {
    text.append(
        String.format(
            Locale.ROOT,
            "%-13s " + format + " %s (median of %d; half are " + format + " to " + format + ")%n",
            name,
            spread.median(),
            unit,
            pairs.size(),
            spread.lower(),
            spread.upper()));
  }

  /** Writes every pair to a file, replacing what was there. */
  void write(Path file) throws IOException {
    try (OutputStream bytes = Files.newOutputStream(file);
        JsonGenerator out = JSON.createGenerator(bytes)) {
      out.useDefaultPrettyPrinter();
      out.writeStartObject();
      out.writeStringField("format", "cocoon-bench-engine/1");
      out.writeNumberField("ratio", ratio());
      out.writeBooleanField("same_work", sameWork());
      out.writeArrayFieldStart("pairs");
      for (Pair pair : pairs) {
        out.writeStartObject();
        pass(out, "direct", pair.direct());
        pass(out, "network", pair.network());
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeEndObject();
    }
  }

  private static void pass(JsonGenerator out, String name, EnginePass pass) throws IOException {
    out.writeObjectFieldStart(name);
    out.writeNumberField("prompt_tokens", pass.promptTokens());
    out.writeNumberField("output_tokens", pass.outputTokens());
    out.writeNumberField("seconds", pass.seconds());
    out.writeEndObject();
  }
}
