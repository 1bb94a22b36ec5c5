package org.cocoon.router.edge;

import java.nio.charset.StandardCharsets;
import org.cocoon.router.request.Completion;

/** OpenAI's {@code usage} object, with what an answer cost and the signed receipt. */
final class UsageJson {
  private UsageJson() {}

  static String of(Completion completion) {
    return "{\"prompt_tokens\":%d,\"completion_tokens\":%d,\"total_tokens\":%d,\"prompt_tokens_details\":{\"cached_tokens\":%d},\"completion_tokens_details\":{\"reasoning_tokens\":%d},\"hold_nanoton\":%d,\"cost_nanoton\":%d,\"receipt\":\"%s\"}"
        .formatted(
            completion.tokens().prompt(),
            completion.tokens().completion(),
            completion.tokens().total(),
            completion.tokens().cachedPrompt(),
            completion.tokens().reasoning(),
            completion.held().nanos(),
            completion.cost().nanos(),
            completion.receipt().toText());
  }

  static byte[] bytes(Completion completion) {
    return of(completion).getBytes(StandardCharsets.UTF_8);
  }
}
