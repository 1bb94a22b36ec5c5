package org.cocoon.client.sidecar;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.http.HttpServerResponse;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.UUID;
import org.cocoon.client.attested.AnswerListener;
import org.cocoon.client.attested.Failure;
import org.cocoon.client.attested.SealedCall;
import org.cocoon.client.attested.SealedEnd;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.ParsedRequest;
import org.jspecify.annotations.Nullable;

/** An answer on its way to an app. Belongs to the event loop. */
abstract class AppAnswer implements AnswerListener {
  final HttpServerResponse response;
  private final ParsedRequest request;
  private final InstantSource clock;
  private final UUID localId;
  private @Nullable AnswerFormat format;
  private @Nullable SealedCall call;

  AppAnswer(HttpServerResponse response, ParsedRequest request, UUID localId, InstantSource clock) {
    this.response = response;
    this.request = request;
    this.localId = localId;
    this.clock = clock;
  }

  /** Ties the answer to the call that it comes from. */
  void comesFrom(SealedCall source) {
    call = source;
  }

  /** The app has its answer, or has gone away, which ends the generation. */
  void over() {
    if (call != null) {
      call.cancel();
    }
  }

  @Nullable SealedCall call() {
    return call;
  }

  @Override
  public void accepted(String requestId) {
    UUID id = localId;
    if (!requestId.isEmpty()) {
      // The app sees the router's id, which the receipt and the router's log have, too.
      response.putHeader("x-request-id", requestId);
      id = uuid(requestId);
    }
    format = AnswerFormat.of(request, id, clock.instant().getEpochSecond());
  }

  private UUID uuid(String text) {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      return localId;
    }
  }

  AnswerFormat format() {
    AnswerFormat known = format;
    if (known == null) {
      throw new IllegalStateException("the router has not accepted the request yet");
    }
    return known;
  }

  boolean wantsUsage() {
    return request.includeUsage();
  }

  @Override
  public void failed(Failure failure) {
    Replies.refuse(response, failure);
  }

  /** The router's usage, and what is wrong with it. */
  static byte[] usage(SealedEnd end) {
    String json =
        end.warning().isPresent() && end.usage() instanceof ObjectNode usage
            ? usage.deepCopy().put("cocoon_warning", end.warning().get()).toString()
            : end.usage().toString();
    return (json.isEmpty() ? "null" : json).getBytes(StandardCharsets.UTF_8);
  }
}
