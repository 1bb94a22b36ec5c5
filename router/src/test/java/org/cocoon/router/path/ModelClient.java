package org.cocoon.router.path;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.Refusal;
import org.jspecify.annotations.Nullable;

/** A client that may read, stop reading, or leave, and remembers all that it was told. */
final class ModelClient implements Answer {
  final Script script;
  private final List<Part> parts = new ArrayList<>();
  int tokens;

  /** What came of one choice. */
  private static final class Part {
    final ByteArrayOutputStream text = new ByteArrayOutputStream();
    int tokens;
    boolean ended;
  }

  boolean writable = true;
  boolean left;
  @Nullable Completion completion;
  @Nullable Refusal refusal;
  @Nullable Exchange exchange;

  ModelClient(Script script) {
    this.script = script;
    script.answers.forEach(answer -> parts.add(new Part()));
  }

  boolean over() {
    return left || completion != null || refusal != null;
  }

  private void assertNotOver() {
    assertTrue(!over(), "told something after the end");
  }

  @Override
  public void text(int choice, byte[] more, int count, List<TokenLogprob> logprobs) {
    assertNotOver();
    assertFalse(script.request.sealed(), "was to be sealed");
    add(choice, more, count);
  }

  private void add(int choice, byte[] more, int count) {
    Part part = parts.get(choice);
    assertFalse(part.ended, "told something of a choice after its end");
    part.text.writeBytes(more);
    part.tokens += count;
    tokens += count;
  }

  @Override
  public void ended(int choice, FinishReason finish) {
    assertNotOver();
    Part part = parts.get(choice);
    assertFalse(part.ended, "a choice ended twice");
    assertEquals(FinishReason.FINISH_LENGTH, finish);
    part.ended = true;
    checkWhole(choice);
    assertTrue(parts.stream().anyMatch(other -> !other.ended), "of the last, finished tells");
  }

  @Override
  public void sealed(byte[] chunk, int count) {
    assertNotOver();
    assertTrue(script.request.sealed(), "was to be plain");
    PrivateTokens opened = ModelWorker.open(ByteString.copyFrom(chunk));
    assertEquals(opened.getIdsCount(), count, "what the worker says of its chunk");
    add(0, opened.getText().toByteArray(), count);
  }

  @Override
  public void finished(Completion how) {
    assertNotOver();
    completion = how;
  }

  @Override
  public void refused(Refusal why) {
    assertNotOver();
    refusal = why;
  }

  @Override
  public boolean writable() {
    return writable;
  }

  @Override
  public void tick(long nowNanos) {
    assertNotOver();
  }

  /** Counts how it ended. */
  void count(Map<String, Integer> seen) {
    String kind = script.request.sealed() ? "sealed" : "plain";
    Exchange last = exchange;
    if (completion != null) {
      seen.merge(kind + " finished", 1, Integer::sum);
      if (last != null && last.attempts() > 1) {
        seen.merge(kind + " finished elsewhere", 1, Integer::sum);
        seen.merge("choices finished elsewhere", parts.size() - 1, Integer::sum);
      }
      seen.merge("choices finished", parts.size() - 1, Integer::sum);
    }
    Refusal why = refusal;
    if (why != null) {
      seen.merge(kind + " refused", 1, Integer::sum);
      seen.merge(kind + " refused " + why.kind(), 1, Integer::sum);
    }
  }

  /** What it has is the beginning of the answer, or all of it, and what it pays is what it has. */
  void check(MemoryLedger ledger) {
    int bytes = 0;
    for (int choice = 0; choice < parts.size(); choice++) {
      Script.Text answer = script.answers.get(choice);
      byte[] got = parts.get(choice).text.toByteArray();
      assertTrue(got.length <= answer.textBytes(answer.length), "more text than there is");
      assertArrayEquals(answer.text(0, got.length), got, "the text is no beginning");
      bytes += got.length;
    }
    assertTrue(over(), "never ended");
    var id = script.request.id();
    var usage = ledger.charged.get(id);
    if (usage != null) {
      assertEquals(tokens, usage.tokens().completion(), "charged what was not delivered");
      assertTrue(
          usage.tokens().prompt() <= script.request.promptTokensAtMost(),
          "a longer prompt was charged");
    } else {
      assertNull(completion, "finished without a charge");
      assertTrue(tokens == 0 || ledger.refusedCharges.contains(id), "delivered without a charge");
    }
    assertTrue(
        refusal == null
            || refusal.kind() != Refusal.Kind.SEALED_KEY_UNKNOWN
            || (script.request.sealed() && tokens == 0 && bytes == 0),
        "a key can only be unknown before anything is answered");
    Completion end = completion;
    if (end != null) {
      assertEquals(tokens, end.tokens().completion());
      assertEquals(parts.size(), end.finishes().size());
      for (int choice = 0; choice < parts.size(); choice++) {
        checkWhole(choice);
      }
    }
  }

  private void checkWhole(int choice) {
    Script.Text answer = script.answers.get(choice);
    int most = script.request.maxTokens();
    int expected =
        Math.min(
            answer.length, Math.min(most == 0 ? Integer.MAX_VALUE : most, ModelWorker.LONGEST));
    assertEquals(expected, parts.get(choice).tokens, "a whole answer has all tokens");
    assertEquals(
        answer.textBytes(expected), parts.get(choice).text.size(), "a whole answer has all text");
  }
}
