package org.cocoon.link.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import org.cocoon.link.wire.SealedPrompt;

/**
 * Reads the {@code sealed} object of a body: a request that only a worker of the model's group can
 * open. Sizes are checked here and nothing else, since the rest is not for the reader's eyes.
 */
final class SealedFields {
  /** The largest ciphertext: what a body of 4 MiB has room for in base64. */
  static final int MOST_CIPHERTEXT_BYTES = 3 << 20;

  /** An authentication tag of AES-GCM; a ciphertext is longer by what it hides. */
  private static final int TAG_BYTES = 16;

  private static final int NONCE_BYTES = 16;
  private static final int X25519_BYTES = 32;
  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{32}");

  /** What a sealed body says inside, so that it may not stand beside it. */
  private static final List<String> INSIDE =
      List.of(
          "messages",
          "prompt",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "seed",
          "frequency_penalty",
          "presence_penalty",
          "repetition_penalty",
          "logit_bias",
          "stop",
          "ignore_eos",
          "logprobs",
          "top_logprobs",
          "chat_template_kwargs",
          "tools",
          "tool_choice",
          "parallel_tool_calls",
          "response_format",
          "reasoning_effort",
          "echo",
          "suffix",
          "best_of");

  private SealedFields() {}

  /** Reads it, all but the limit of tokens, which stands beside it in the body. */
  static SealedPrompt.Builder read(Fields body, JsonNode node, boolean chat) {
    for (String name : INSIDE) {
      if (body.node(name) != null) {
        throw body.wrong(name, "left out beside 'sealed': it belongs inside");
      }
    }
    Fields sealed = Fields.of(node, "sealed");
    String keyId = sealed.string("key_id", 64);
    if (keyId == null || !KEY_ID.matcher(keyId).matches()) {
      throw sealed.wrong("key_id", "32 lower-case hexadecimal digits (GET /v1/group-keys)");
    }
    SealedPrompt.Builder prompt =
        SealedPrompt.newBuilder()
            .setKeyId(keyId)
            .setRequestNonce(bytes(sealed, "request_nonce", NONCE_BYTES, NONCE_BYTES))
            .setEncapsulated(bytes(sealed, "encapsulated", X25519_BYTES, X25519_BYTES))
            .setCiphertext(bytes(sealed, "ciphertext", TAG_BYTES + 1, MOST_CIPHERTEXT_BYTES))
            .setChat(chat);
    sealed.refuseUnread(); // what is not understood here may change what is sealed
    return prompt;
  }

  private static ByteString bytes(Fields fields, String name, int least, int most) {
    JsonNode node = fields.node(name);
    byte[] bytes = node != null && node.isTextual() ? decoded(node.textValue()) : new byte[0];
    if (bytes.length < least || bytes.length > most) {
      throw fields.wrong(
          name,
          (least == most ? "%d bytes" : "%d to %d bytes").formatted(least, most)
              + " as padded base64 (RFC 4648, section 4)");
    }
    return UnsafeByteOperations.unsafeWrap(bytes);
  }

  /**
   * Decodes base64 of which each value has one form: padded, and with no bits after the last byte.
   * Nothing where the text is not that.
   */
  private static byte[] decoded(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
    int lastGroup = Math.max(bytes.length - 1, 0) / 3 * 3;
    String end =
        Base64.getEncoder().encodeToString(Arrays.copyOfRange(bytes, lastGroup, bytes.length));
    return text.length() == (bytes.length + 2) / 3 * 4 && text.endsWith(end) ? bytes : new byte[0];
  }
}
