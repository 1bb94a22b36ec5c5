package org.cocoon.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.cocoon.backend.FakeModel;
import org.cocoon.client.ChatRequest.Message;
import org.junit.jupiter.api.Test;

class FakeAnswerTest {
  private static final List<Message> ASKED =
      List.of(new Message("system", "S"), new Message("user", "gr\u00fc\u00df dich"));

  private static String answerTo(String prompt, int tokens) {
    return FakeModel.text(FakeModel.answer(FakeModel.tokenize(prompt), tokens));
  }

  private static String check(String text, long outputTokens) {
    return new FakeAnswer().difference(ASKED, text, outputTokens);
  }

  @Test
  void acceptsTheRightAnswerAndFindsEveryKindOfDamage() {
    String right = answerTo("system: S\nuser: gr\u00fc\u00df dich\nassistant:", 20);
    assertEquals("", check(right, 20));
    assertEquals("", check(right, 21), "with its end token counted");
    assertEquals("", check(right, RequestRecord.UNKNOWN));
    assertEquals("from token 5 on", check(right.substring(0, 20) + right.substring(24), 19));
    assertEquals("from token 6 on", check(right.substring(0, 24) + right.substring(20), 21));
    assertEquals("tokens told and tokens sent differ", check(right.substring(0, 76), 20 + 1));
    assertEquals("torn last token", check(right + "x", 20));
    assertEquals("from token 0 on", check(answerTo("user: another's\nassistant:", 20), 20));
  }
}
