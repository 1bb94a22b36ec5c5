package org.cocoon.worker.upstream;

import java.util.Locale;
import org.cocoon.worker.engine.RunKey;
import org.cocoon.worker.engine.StepOutcome.Ended;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;

/**
 * Whose fault it is that a server did not answer. What the server says is looked at and not passed
 * on: it may quote the prompt, and names files and addresses of this machine.
 */
final class UpstreamRefusals {
  private UpstreamRefusals() {}

  static Ended.Refused broken(RunKey key) {
    return new Ended.Refused(
        key, RefusalCause.ENGINE, "the engine failed; another worker can go on", "");
  }

  /** By HTTP status and body. */
  static Ended.Refused of(RunKey key, int status, String body) {
    return switch (status) {
      case 400, 413, 422 ->
          saysTooLong(body) || status == 413
              ? new Ended.Refused(
                  key,
                  RefusalCause.PROMPT_TOO_LONG,
                  "prompt and answer do not fit into this model's context",
                  "messages")
              : new Ended.Refused(
                  key, RefusalCause.BAD_REQUEST, "the engine does not take this request", "");
      case 429, 503 ->
          new Ended.Refused(key, RefusalCause.BUSY, "the engine takes no more at the moment", "");
      default -> broken(key); // its key, its model or itself is wrong: all the operator's
    };
  }

  /** As vLLM, SGLang, llama-server and TensorRT-LLM say it. */
  private static boolean saysTooLong(String body) {
    String lower = body.toLowerCase(Locale.ROOT);
    return lower.contains("exceed_context_size_error")
        || lower.contains("context_length_exceeded")
        || (lower.contains("context") && (lower.contains("length") || lower.contains("size")))
        || lower.contains("max_num_tokens")
        || lower.contains("max_seq_len");
  }
}
