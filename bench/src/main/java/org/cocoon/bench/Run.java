package org.cocoon.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.cocoon.client.ChatRequest.Message;

/**
 * What one run does.
 *
 * @param target the server's base address, ending in its version (…/v1)
 * @param key sent as bearer token; empty: none
 * @param model asked for
 * @param arrivals when requests are sent
 * @param requests how many, 1 to {@link #MAX_REQUESTS}
 * @param prompts what is asked
 * @param maxTokens the longest answer; empty: the server's default
 * @param temperature empty: the server's default
 * @param ignoreEos whether answers go on to maxTokens whatever the model says
 * @param seed of the schedule, the prompts and, request by request, the server's draws
 * @param timeout from dispatch to the end of an answer, at most an hour
 * @param loops event loops that send and receive
 * @param maxInFlight requests under way at most; more fail as the generator's own limit
 * @param insecure whether any certificate is accepted
 * @param keepAlive whether a connection carries one request after the other
 * @param expectation checks the answers; empty: unchecked
 */
record Run(
    URI target,
    Optional<String> key,
    String model,
    Arrivals arrivals,
    long requests,
    Prompts prompts,
    OptionalInt maxTokens,
    OptionalDouble temperature,
    boolean ignoreEos,
    long seed,
    Duration timeout,
    int loops,
    int maxInFlight,
    boolean insecure,
    boolean keepAlive,
    Optional<Expectation> expectation) {

  /** Records are kept in memory, about 150 bytes each. */
  static final long MAX_REQUESTS = 10_000_000;

  private static final JsonFactory JSON = new JsonFactory();
  private static final Duration MAX_TIMEOUT = Duration.ofHours(1);

  Run {
    require(requests >= 1 && requests <= MAX_REQUESTS, "requests must be 1 to " + MAX_REQUESTS);
    require(maxTokens.orElse(1) >= 1, "max-tokens must be at least 1");
    require(temperature.orElse(0) >= 0 && temperature.orElse(0) <= 2, "temperature must be 0 to 2");
    require(
        timeout.isPositive() && timeout.compareTo(MAX_TIMEOUT) <= 0,
        "timeout must be more than 0 and at most an hour");
    require(loops >= 1 && loops <= 256, "loops must be 1 to 256");
    require(maxInFlight >= 1, "max-in-flight must be at least 1");
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException(otherwise);
    }
  }

  /** The same with another number of requests. */
  Run withRequests(long other) {
    return new Run(
        target,
        key,
        model,
        arrivals,
        other,
        prompts,
        maxTokens,
        temperature,
        ignoreEos,
        seed,
        timeout,
        loops,
        maxInFlight,
        insecure,
        keepAlive,
        expectation);
  }

  /** The same with other prompts. */
  Run withPrompts(Prompts other) {
    return new Run(
        target,
        key,
        model,
        arrivals,
        requests,
        other,
        maxTokens,
        temperature,
        ignoreEos,
        seed,
        timeout,
        loops,
        maxInFlight,
        insecure,
        keepAlive,
        expectation);
  }

  /** The request body for one request, in UTF-8. */
  byte[] body(long index) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    try (JsonGenerator out = JSON.createGenerator(bytes)) {
      writeBody(out, prompts.of(index), index);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  private void writeBody(JsonGenerator out, List<Message> messages, long index) throws IOException {
    out.writeStartObject();
    out.writeStringField("model", model);
    out.writeArrayFieldStart("messages");
    for (Message message : messages) {
      out.writeStartObject();
      out.writeStringField("role", message.role());
      out.writeStringField("content", message.content());
      out.writeEndObject();
    }
    out.writeEndArray();
    out.writeBooleanField("stream", true);
    out.writeObjectFieldStart("stream_options");
    out.writeBooleanField("include_usage", true);
    out.writeEndObject();
    if (maxTokens.isPresent()) {
      out.writeNumberField("max_tokens", maxTokens.getAsInt());
    }
    if (temperature.isPresent()) {
      out.writeNumberField("temperature", temperature.getAsDouble());
    }
    out.writeNumberField("seed", (seed + index) & Integer.MAX_VALUE);
    if (ignoreEos) {
      out.writeBooleanField("ignore_eos", true);
    }
    out.writeEndObject();
  }
}
