package org.cocoon.worker.engine;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.cocoon.backend.Vocabulary;
import org.cocoon.worker.constraint.Answers;
import org.cocoon.worker.constraint.Constraint;
import org.cocoon.worker.constraint.RandomSchemas;
import org.cocoon.worker.constraint.SchemaException;
import org.cocoon.worker.constraint.Tokens;
import org.cocoon.worker.engine.GenerationRequest.Continuation;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.GenerationRequest.Tools;
import org.cocoon.worker.engine.StepOutcome.FinishReason;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Whatever a model thinks likely, its answer has the form that was asked for. */
class AnswerFormTest {
  private static final Sampling NOISE = new Sampling(2, 1, 0, 0, 11, 0, 0, 1, Map.of());

  /** All bytes, and pieces of JSON and of words such as tokenizers make. */
  private static final class JsonVocabulary implements Vocabulary {
    private final List<byte[]> pieces = new ArrayList<>();

    JsonVocabulary() {
      pieces.add(new byte[0]);
      for (int value = 0; value < 256; value++) {
        pieces.add(new byte[] {(byte) value});
      }
      RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(5);
      String letters = "{}[]\",:\n\\ .-0123456789eabcdtruefalsnäö価";
      for (int i = 0; i < 1_500; i++) {
        StringBuilder piece = new StringBuilder();
        for (int length = random.nextInt(2, 7); length > 0; length--) {
          piece.append(letters.charAt(random.nextInt(letters.length())));
        }
        byte[] bytes = piece.toString().getBytes(UTF_8);
        pieces.add(Arrays.copyOf(bytes, bytes.length - random.nextInt(2)));
      }
    }

    @Override
    public int size() {
      return pieces.size();
    }

    @Override
    public int[] tokenize(String text, boolean parseSpecial) {
      byte[] bytes = text.getBytes(ISO_8859_1);
      int[] ids = new int[bytes.length];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = 1 + (bytes[i] & 0xFF);
      }
      return ids;
    }

    @Override
    public byte[] piece(int token) {
      return pieces.get(token);
    }

    @Override
    public boolean endsGeneration(int token) {
      return token == 0;
    }

    @Override
    public int[] prefix() {
      return new int[0];
    }

    @Override
    public @Nullable String chatTemplate() {
      return null;
    }

    @Override
    public String beginText() {
      return "";
    }

    @Override
    public String endText() {
      return "";
    }
  }

  private static Desk desk() {
    return new Desk(new HashBackend(1, 4_096, 512, new JsonVocabulary()), EngineOptions.DEFAULTS);
  }

  private static GenerationRequest request(
      long run, AnswerForm form, int maxTokens, Continuation continuation) {
    return new GenerationRequest(
            new RunKey(1, run),
            "test-" + run,
            "tenant",
            new Prompt.Text("prompt " + run),
            NOISE,
            maxTokens,
            List.of(),
            false,
            false,
            0,
            1_000_000,
            0,
            continuation)
        .withForm(form);
  }

  private static Desk.Answer answer(GenerationRequest request) {
    Desk desk = desk();
    desk.scheduler.arrive(request);
    desk.finish();
    return desk.answer(request.key().run());
  }

  @Test
  void fiveHundredSchemasAreHonouredByAModelThatKnowsNothing() {
    int byItself = 0;
    for (long seed = 0; seed < 500; seed++) {
      String schema = RandomSchemas.of(seed).toString();
      Desk.Answer answer =
          answer(request(seed, new AnswerForm.Schema(schema), 3_000, Continuation.NONE));
      assertEquals("", Answers.faults(schema, answer.text()), seed + ": " + answer.text() + schema);
      byItself += answer.finished().reason() == FinishReason.STOP ? 1 : 0;
    }
    assertTrue(byItself >= 495, byItself + " of 500 answers ended by themselves");
  }

  @Test
  void anAnswerBecomesWholeWithinItsLength() throws SchemaException {
    JsonVocabulary vocabulary = new JsonVocabulary();
    Tokens tokens = new Tokens(vocabulary.size(), vocabulary::piece, vocabulary::endsGeneration);
    int shortened = 0;
    for (long seed = 0; seed < 500; seed++) {
      String schema = RandomSchemas.of(seed).toString();
      int least = Constraint.ofSchema(schema, tokens).begin().shortestRest();
      int length = least + (int) (seed % 40);
      Desk.Answer answer =
          answer(request(seed, new AnswerForm.Schema(schema), length, Continuation.NONE));
      assertEquals("", Answers.faults(schema, answer.text()), seed + ": " + answer.text() + schema);
      assertTrue(answer.ids.size() <= length, "no more than it may have");
      shortened += answer.finished().reason() == FinishReason.LENGTH ? 1 : 0;
    }
    assertTrue(shortened > 100, shortened + " of 500 answers would have been longer");
  }

  @Test
  void anAnswerForWhichNoLengthIsEnoughIsCut() {
    String schema = "{\"type\":\"string\",\"minLength\":200}";
    Desk.Answer answer = answer(request(1, new AnswerForm.Schema(schema), 9, Continuation.NONE));
    assertEquals(FinishReason.LENGTH, answer.finished().reason());
    assertEquals(9, answer.ids.size());
  }

  @Test
  void anyObjectIsAnObject() {
    for (long seed = 0; seed < 40; seed++) {
      Desk.Answer answer =
          answer(request(seed, new AnswerForm.AnyObject(), 500, Continuation.NONE));
      assertEquals("", Answers.faults("{\"type\":\"object\"}", answer.text()), "seed " + seed);
    }
  }

  @Test
  void anAnswerGoesOnElsewhereWithinItsForm() {
    String schema =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":30,"
            + "\"maxLength\":60},\"b\":{\"type\":\"array\",\"minItems\":3,\"maxItems\":5,"
            + "\"items\":{\"type\":\"number\"}}},\"required\":[\"a\",\"b\"]}";
    AnswerForm form = new AnswerForm.Schema(schema);
    Desk.Answer undisturbed = answer(request(1, form, 3_000, Continuation.NONE));
    assertEquals(FinishReason.STOP, undisturbed.finished().reason());
    assertTrue(undisturbed.ids.size() > 8, "an answer of " + undisturbed.ids.size());
    for (int cut = 1; cut <= undisturbed.ids.size(); cut += 3) {
      int[] ids = Arrays.copyOf(undisturbed.idArray(), cut);
      Desk.Answer rest = answer(request(1, form, 3_000, new Continuation(ids, 0)));
      assertEquals(undisturbed.text(), rest.text(), "after a cut at " + cut);
      assertEquals(FinishReason.STOP, rest.finished().reason());
    }
  }

  @Test
  void aContinuationOfAnotherFormIsRefused() {
    int[] ids = new JsonVocabulary().tokenize("tr", false);
    AnswerForm form = new AnswerForm.Schema("{\"type\":\"null\"}");
    Desk.Answer refused = answer(request(1, form, 10, new Continuation(ids, 0)));
    assertEquals(RefusalCause.BAD_REQUEST, refused.refused().cause());
  }

  @Test
  void whatCannotBeHonouredIsRefusedByName() {
    AnswerForm form = new AnswerForm.Schema("{\"type\":\"array\",\"contains\":{}}");
    Desk.Answer refused = answer(request(1, form, 10, Continuation.NONE));
    assertEquals(RefusalCause.BAD_REQUEST, refused.refused().cause());
    assertEquals("response_format", refused.refused().param());
    assertTrue(refused.refused().message().contains("'contains'"), refused.refused().message());
  }

  @Test
  void aRequiredCallNamesAToolAndItsArgumentsAreValid() {
    String parameters =
        "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\",\"maxLength\":12},"
            + "\"days\":{\"$ref\":\"#/$defs/days\"}},\"required\":[\"city\",\"days\"],"
            + "\"$defs\":{\"days\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":14}}}";
    String tools =
        "[{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"parameters\":"
            + parameters
            + "}},{\"type\":\"function\",\"function\":{\"name\":\"clock\"}}]";
    int weather = 0;
    for (long run = 0; run < 30; run++) {
      Tools choice = new Tools(tools, true, run % 2 == 0 ? "weather" : "");
      Prompt chat = new Prompt.Chat(List.of(new Message("user", "Hi")), "", choice);
      GenerationRequest request = request(run, AnswerForm.FREE, 900, Continuation.NONE);
      Desk.Answer answer = answer(withPrompt(request, chat));
      if (answer.finished().reason() != FinishReason.STOP) {
        continue; // the clock takes any arguments, of any length
      }
      String text = answer.text();
      String head = "<tool_call>\n{\"name\": \"weather\", \"arguments\": ";
      assertTrue(run % 2 == 1 || text.startsWith(head), text);
      if (text.startsWith(head)) {
        assertTrue(text.endsWith("}\n</tool_call>"), text);
        String arguments = text.substring(head.length(), text.lastIndexOf('}'));
        assertEquals("", Answers.faults(parameters, arguments), text);
        weather++;
      }
    }
    assertTrue(weather >= 15, weather + " calls were looked at");
  }

  private static GenerationRequest withPrompt(GenerationRequest of, Prompt prompt) {
    return new GenerationRequest(
            of.key(),
            of.requestId(),
            of.cacheScope(),
            prompt,
            of.sampling(),
            of.maxTokens(),
            of.stop(),
            of.ignoreEos(),
            of.logprobs(),
            of.topLogprobs(),
            of.credit(),
            of.deadlineMillis(),
            of.continuation())
        .withForm(of.form());
  }

  @Test
  void tooFewTokensEndAnAnswerAsLength() {
    AnswerForm form = new AnswerForm.Schema("{\"type\":\"string\",\"minLength\":400}");
    Desk.Answer cut = answer(request(1, form, 5, Continuation.NONE));
    assertEquals(FinishReason.LENGTH, cut.finished().reason());
  }
}
