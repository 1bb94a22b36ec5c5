package org.cocoon.worker.upstream;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Asks a server what it is: its kind, its models, their context, how much it takes at a time. */
final class UpstreamProbe {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MOST_BYTES = 4 << 20;
  private static final long MOST_MILLIS = 5_000;

  /** Slots of a server that does not say how many it has: continuous batching takes more. */
  private static final int BATCHING_SLOTS = 64;

  /** What Ollama gives every request unless it is configured. */
  private static final int OLLAMA_CONTEXT = 4096;

  private final HttpClient client;
  private final UpstreamOptions options;

  UpstreamProbe(HttpClient client, UpstreamOptions options) {
    this.client = client;
    this.options = options;
  }

  /** Looks; fails with a sentence. */
  Future<UpstreamServer> look() {
    return json("/v1/models")
        .compose(
            models -> {
              JsonNode model = chosen(models.path("data"));
              UpstreamKind kind = UpstreamKind.ofOwner(model.path("owned_by").asText(""));
              return switch (kind) {
                case LLAMA_SERVER -> json("/props").map(props -> server(kind, model, props));
                case OLLAMA -> json("/api/ps").map(loaded -> server(kind, model, loaded));
                case VLLM, SGLANG, TRTLLM, OTHER ->
                    Future.succeededFuture(server(kind, model, model));
              };
            });
  }

  private JsonNode chosen(JsonNode models) {
    List<String> ids = new ArrayList<>();
    for (JsonNode model : models) {
      if (!options.model().isEmpty() && names(model).contains(options.model())) {
        return model;
      }
      ids.add(model.path("id").asText(""));
    }
    if (ids.isEmpty()) {
      throw new IllegalStateException("the server at " + options.base() + " serves no model");
    }
    if (!options.model().isEmpty() || ids.size() > 1) {
      throw new IllegalStateException(
          "the server at %s serves %s; say which with --upstream-model NAME"
              .formatted(
                  options.base(), String.join(", ", ids.subList(0, Math.min(8, ids.size())))));
    }
    return models.path(0);
  }

  private static Set<String> names(JsonNode model) {
    Set<String> names = new HashSet<>();
    names.add(model.path("id").asText(""));
    names.add(model.path("root").asText(""));
    for (JsonNode alias : model.path("aliases")) {
      names.add(alias.asText(""));
    }
    names.remove("");
    return names;
  }

  private UpstreamServer server(UpstreamKind kind, JsonNode model, JsonNode detail) {
    Set<String> names = names(model);
    String id = model.path("id").asText("");
    String name = options.model().isEmpty() ? id : options.model();
    names.add(name);
    int context = options.contextTokens() > 0 ? options.contextTokens() : context(kind, detail, id);
    if (context <= 0) {
      throw new IllegalStateException(
          "the server at %s does not say how long a context its model has; give --context TOKENS"
              .formatted(options.base()));
    }
    int slots = options.slots() > 0 ? options.slots() : slots(kind, detail);
    return new UpstreamServer(kind, name, names, context, slots);
  }

  private static int context(UpstreamKind kind, JsonNode detail, String id) {
    return switch (kind) {
      case VLLM, SGLANG, TRTLLM, OTHER -> detail.path("max_model_len").asInt(0);
      case LLAMA_SERVER -> detail.path("default_generation_settings").path("n_ctx").asInt(0);
      case OLLAMA -> {
        for (JsonNode loaded : detail.path("models")) {
          if (loaded.path("name").asText("").equals(id)) {
            yield loaded.path("context_length").asInt(OLLAMA_CONTEXT);
          }
        }
        yield OLLAMA_CONTEXT;
      }
    };
  }

  private static int slots(UpstreamKind kind, JsonNode detail) {
    return switch (kind) {
      case VLLM, SGLANG, TRTLLM -> BATCHING_SLOTS;
      case LLAMA_SERVER -> Math.clamp(detail.path("total_slots").asInt(1), 1, BATCHING_SLOTS);
      case OLLAMA, OTHER -> 1;
    };
  }

  private Future<JsonNode> json(String resource) {
    return get(client, options, resource)
        .map(
            body -> {
              try {
                return JSON.readTree(body.getBytes());
              } catch (JsonProcessingException e) {
                throw new IllegalStateException(
                    "what %s%s answers is no JSON".formatted(options.base(), resource), e);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  /** Reads a small resource within a few seconds; fails with a sentence. */
  static Future<Buffer> get(HttpClient client, UpstreamOptions options, String resource) {
    RequestOptions where =
        new RequestOptions()
            .setMethod(HttpMethod.GET)
            .setURI(options.path(resource))
            .setIdleTimeout(MOST_MILLIS)
            .setConnectTimeout(MOST_MILLIS);
    return client
        .request(where)
        .compose(
            request -> {
              if (!options.key().isEmpty()) {
                request.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + options.key());
              }
              return request.send().compose(answer -> body(answer, options, resource));
            })
        .timeout(2 * MOST_MILLIS, TimeUnit.MILLISECONDS);
  }

  private static Future<Buffer> body(
      HttpClientResponse answer, UpstreamOptions options, String resource) {
    if (answer.statusCode() != 200) {
      answer.request().reset();
      return Future.failedFuture(
          "%s%s answers with status %d%s"
              .formatted(
                  options.base(),
                  resource,
                  answer.statusCode(),
                  answer.statusCode() == 401 || answer.statusCode() == 403
                      ? "; give --upstream-key-file FILE"
                      : ""));
    }
    Promise<Buffer> whole = Promise.promise();
    Buffer body = Buffer.buffer();
    answer.exceptionHandler(whole::tryFail);
    answer.handler(
        bytes -> {
          body.appendBuffer(bytes);
          if (body.length() > MOST_BYTES) {
            answer.request().reset();
            whole.tryFail(options.base() + resource + " answers with too much");
          }
        });
    answer.endHandler(ignored -> whole.tryComplete(body));
    return whole.future();
  }
}
