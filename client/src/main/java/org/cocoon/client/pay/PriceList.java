package org.cocoon.client.pay;

import java.util.Map;
import java.util.TreeMap;
import org.cocoon.client.Json;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;

/**
 * A router's prices of now, from {@code GET /v1/prices}.
 *
 * @param otherwise the price of every model that is not listed
 * @param models by name
 */
public record PriceList(Price otherwise, Map<String, Model> models) {
  private static final int MAX_MODELS = 10_000;
  private static final int MAX_CONTEXT_TOKENS = 1 << 24;

  /**
   * One model.
   *
   * @param price of its tokens
   * @param maxCoefficient of the dearest worker that is attached; 0: none is
   * @param contextTokens of the longest context, 0: not known
   */
  public record Model(Price price, int maxCoefficient, int contextTokens) {}

  /** Copies the map. */
  public PriceList {
    models = Map.copyOf(models);
  }

  /**
   * Reads the answer to {@code GET /v1/prices}.
   *
   * @throws IllegalArgumentException a sentence, if that is no price list
   */
  public static PriceList of(Json prices) {
    Map<String, Model> models = new TreeMap<>();
    for (Map.Entry<String, Json> each : prices.at("models").fields().entrySet()) {
      if (models.size() >= MAX_MODELS) {
        throw new IllegalArgumentException("prices of more than " + MAX_MODELS + " models");
      }
      Json row = each.getValue();
      long coefficient = row.at("coefficient").at("max").whole().orElse(0);
      long context = row.at("context_tokens").whole().orElse(0);
      if (coefficient < 0
          || coefficient > Price.MAX_COEFFICIENT
          || context < 0
          || context > MAX_CONTEXT_TOKENS) {
        throw new IllegalArgumentException("a coefficient or a context is out of its bounds");
      }
      models.put(each.getKey(), new Model(price(row), (int) coefficient, (int) context));
    }
    return new PriceList(price(prices.at("default")), models);
  }

  private static Price price(Json row) {
    return new Price(
        amount(row, "prompt"),
        amount(row, "cached_prompt"),
        amount(row, "completion"),
        amount(row, "reasoning"));
  }

  private static long amount(Json row, String kind) {
    return row.at(kind)
        .whole()
        .orElseThrow(() -> new IllegalArgumentException("a price without '" + kind + "'"));
  }

  /** The price of a model, listed or not. */
  public Model of(String model) {
    return models.getOrDefault(model, new Model(otherwise, 0, 0));
  }

  /**
   * The most that a request can cost.
   *
   * @param promptBytes of text, or of a sealed prompt's ciphertext
   * @param messages how many; 1 for a text or a sealed prompt
   * @param maxTokens of the answer; 0: until the context ends
   * @param coefficient the dearest worker that is accepted
   * @throws IllegalArgumentException a sentence, if the answer has no bound
   */
  public NanoTon atMost(
      String model, int promptBytes, int messages, int maxTokens, int coefficient) {
    Model row = of(model);
    if (maxTokens == 0 && row.contextTokens == 0) {
      throw new IllegalArgumentException(
          "say max_tokens: the context of '%s' is not known, so its cost has no bound"
              .formatted(model));
    }
    // No tokenizer makes more tokens than bytes; the rest is the chat's template.
    long prompt = promptBytes + 32L * messages + 256;
    long output = maxTokens == 0 ? row.contextTokens : maxTokens;
    if (row.contextTokens > 0) {
      prompt = Math.min(prompt, row.contextTokens);
      output = Math.min(output, row.contextTokens);
    }
    return row.price.atMost(prompt, output, coefficient);
  }
}
