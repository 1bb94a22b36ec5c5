package org.cocoon.client.attested;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import io.vertx.core.buffer.Buffer;
import java.util.Base64;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.SealedPrompt;

/** What of a request is sealed, and what the router sees. */
final class SealedBody {
  private static final double MILLIS = 1000;

  private SealedBody() {}

  /** What only a worker of the model sees. */
  static PrivatePrompt secret(ParsedRequest request) {
    Run run = request.run();
    PrivatePrompt.Builder secret =
        PrivatePrompt.newBuilder()
            .setSampling(run.getSampling())
            .addAllStop(run.getStopList())
            .setIgnoreEos(run.getIgnoreEos())
            .setLogprobs(run.getLogprobs())
            .setTopLogprobs(run.getTopLogprobs());
    if (run.hasForm()) {
      secret.setForm(run.getForm());
    }
    if (request.chat()) {
      secret.setChat(run.getChat());
    } else {
      secret.setText(run.getText());
    }
    return secret.build();
  }

  /** What the router sees: the body of the request. */
  static Buffer open(ParsedRequest request, SealedPrompt sealed, int maxCoefficient) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.put("model", request.run().getModel()).put("stream", true);
    if (request.maxTokens() > 0) {
      body.put("max_tokens", request.maxTokens());
    }
    body.put("max_coefficient", maxCoefficient)
        .put("timeout", request.timeoutMillis() / MILLIS)
        .put("priority", request.priority());
    body.putObject("sealed")
        .put("key_id", sealed.getKeyId())
        .put("request_nonce", base64(sealed.getRequestNonce()))
        .put("encapsulated", base64(sealed.getEncapsulated()))
        .put("ciphertext", base64(sealed.getCiphertext()));
    return Buffer.buffer(body.toString());
  }

  private static String base64(ByteString bytes) {
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }
}
