package org.cocoon.worker.control;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What an operator asks for, a line of JSON on the control socket. */
sealed interface Order {
  /** Take a model in. */
  record Load(ModelSpec model) implements Order {}

  /** Give a model up. */
  record Unload(String name) implements Order {}

  /** Say which there are. */
  record Models() implements Order {}

  /** As it goes over the socket, without the end of the line. */
  default String line() {
    ObjectMapper json = new ObjectMapper();
    return switch (this) {
      case Load(ModelSpec model) ->
          json.createObjectNode()
              .put("order", "load")
              .put("source", model.source())
              .put("name", model.name())
              .put("hash", model.hash())
              .toString();
      case Unload(String name) ->
          json.createObjectNode().put("order", "unload").put("name", name).toString();
      case Models() -> json.createObjectNode().put("order", "models").toString();
    };
  }

  /**
   * Reads it again.
   *
   * @throws IllegalArgumentException a sentence, if it is none
   */
  static Order parse(String line) {
    try {
      JsonNode order = new ObjectMapper().readTree(line);
      return switch (order.path("order").asText()) {
        case "load" ->
            new Load(
                new ModelSpec(
                    order.path("source").asText(),
                    order.path("name").asText(),
                    order.path("hash").asText()));
        case "unload" -> new Unload(order.path("name").asText());
        case "models" -> new Models();
        default -> throw new IllegalArgumentException("the order is load, unload or models");
      };
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("an order is a line of JSON", e);
    }
  }
}
