package org.cocoon.contracts;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The prices of a network's models. As JSON, in nanoTON per million tokens:
 *
 * <pre>{@code
 * {"default": {"prompt": 5000000, "cached_prompt": 1000000, "completion": 20000000},
 *  "models": {"smollm2-135m-instruct": {"prompt": 10000000, "completion": 10000000}}}
 * }</pre>
 *
 * A price without {@code cached_prompt} takes that of {@code prompt}, one without {@code reasoning}
 * that of {@code completion}.
 *
 * @param models the prices of models by name
 * @param otherwise the price of every other model
 */
public record PriceBook(Map<String, Price> models, Price otherwise) {
  private static final int MAX_CHARS = 1 << 20;
  private static final int MAX_MODELS = 4_096;
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(16).build())
                  .build())
          .build();

  /** Copies the map; throws IllegalArgumentException for too many models. */
  public PriceBook {
    if (models.size() > MAX_MODELS) {
      throw new IllegalArgumentException("prices: at most " + MAX_MODELS + " models");
    }
    models = Map.copyOf(models);
  }

  /** A book with one price for all models. */
  public static PriceBook of(Price everything) {
    return new PriceBook(Map.of(), everything);
  }

  /** What this model's tokens cost. */
  public Price of(String model) {
    return models.getOrDefault(model, otherwise);
  }

  /**
   * Reads a book.
   *
   * @throws IllegalArgumentException a sentence with the key at fault
   */
  public static PriceBook parse(String json) {
    if (json.length() > MAX_CHARS) {
      throw new IllegalArgumentException("prices: more than " + MAX_CHARS + " characters");
    }
    try {
      return read(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("prices: not JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Reads a book from a part of a document.
   *
   * @throws IllegalArgumentException a sentence with the key at fault
   */
  public static PriceBook read(JsonNode book) {
    if (!book.isObject()) {
      throw new IllegalArgumentException("prices: an object with \"default\" and \"models\"");
    }
    Map<String, Price> models = new LinkedHashMap<>();
    Price otherwise = null;
    for (Map.Entry<String, JsonNode> part : book.properties()) {
      switch (part.getKey()) {
        case "default" -> otherwise = price("default", part.getValue());
        case "models" -> {
          for (Map.Entry<String, JsonNode> model : part.getValue().properties()) {
            models.put(model.getKey(), price("models." + model.getKey(), model.getValue()));
          }
        }
        default -> throw new IllegalArgumentException("prices: unknown key " + part.getKey());
      }
    }
    if (otherwise == null) {
      throw new IllegalArgumentException("prices: the key \"default\" is missing");
    }
    return new PriceBook(models, otherwise);
  }

  /** In the form that {@link #parse} reads, on one line. */
  public String toJson() {
    StringBuilder json = new StringBuilder("{\"default\":").append(json(otherwise));
    json.append(",\"models\":{");
    String separator = "";
    for (Map.Entry<String, Price> model : new TreeMap<>(models).entrySet()) {
      json.append(separator)
          .append(JSON.getNodeFactory().textNode(model.getKey()))
          .append(':')
          .append(json(model.getValue()));
      separator = ",";
    }
    return json.append("}}").toString();
  }

  private static String json(Price price) {
    return "{\"prompt\":%d,\"cached_prompt\":%d,\"completion\":%d,\"reasoning\":%d}"
        .formatted(price.prompt(), price.cachedPrompt(), price.completion(), price.reasoning());
  }

  private static Price price(String key, JsonNode node) {
    for (Map.Entry<String, JsonNode> part : node.properties()) {
      switch (part.getKey()) {
        case "prompt", "cached_prompt", "completion", "reasoning" -> {}
        default ->
            throw new IllegalArgumentException(
                "prices: unknown key %s.%s".formatted(key, part.getKey()));
      }
    }
    long prompt = amount(key, "prompt", node);
    long completion = amount(key, "completion", node);
    return new Price(
        prompt,
        node.has("cached_prompt") ? amount(key, "cached_prompt", node) : prompt,
        completion,
        node.has("reasoning") ? amount(key, "reasoning", node) : completion);
  }

  private static long amount(String key, String part, JsonNode node) {
    JsonNode value = node.path(part);
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < 0
        || value.longValue() > Price.MAX_PER_MILLION) {
      throw new IllegalArgumentException(
          "prices: %s.%s is a whole number of nanoTON per million tokens, 0 to %d"
              .formatted(key, part, Price.MAX_PER_MILLION));
    }
    return value.longValue();
  }
}
