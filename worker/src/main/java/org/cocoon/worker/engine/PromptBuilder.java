package org.cocoon.worker.engine;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.cocoon.backend.Vocabulary;
import org.cocoon.worker.engine.ChatTemplate.Rendered;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.cocoon.worker.engine.GenerationRequest.Prompt;
import org.cocoon.worker.engine.StepOutcome.RefusalCause;
import org.jspecify.annotations.Nullable;

/**
 * Makes tokens of a prompt, so that nothing in a message can pass for the template around it.
 *
 * <p>A conversation is rendered twice: as it is, and with unguessable placeholders in place of the
 * contents, which shows where in the text contents stand. The text is then cut as a whole, as the
 * model was trained to see it, if its control tokens are exactly those of the template's own
 * pieces. If they are not, a message has written a marker such as {@code <|im_end|>}: then each
 * piece is cut by itself, and contents without parsing markers.
 *
 * <p>A template that alters contents more than by trimming them hides where they stand. There,
 * contents that hold markers get a word joiner (U+2060) after each opening bracket, so that none is
 * left, and are refused if one still is.
 *
 * <p>Without a template, messages become lines {@code role: content}. One thread.
 */
final class PromptBuilder {
  private static final Pattern ROLE = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern OPENING = Pattern.compile("[<\\[{]");

  private final Vocabulary vocabulary;
  private final TokenTable tokens;
  private final int maxChars;
  private final SecureRandom random = new SecureRandom();
  private final @Nullable ChatTemplate template;
  private final boolean templateKnowsTools;
  private final CallSyntax callSyntax;

  PromptBuilder(Vocabulary vocabulary, TokenTable tokens, InstantSource wallClock, int maxChars) {
    this.vocabulary = vocabulary;
    this.tokens = tokens;
    this.maxChars = maxChars;
    String source = vocabulary.chatTemplate();
    templateKnowsTools = source != null && ToolText.knows(source);
    callSyntax = CallSyntax.of(source);
    template =
        source == null
            ? null
            : new ChatTemplate(source, vocabulary.beginText(), vocabulary.endText(), wallClock);
  }

  /** How this model writes calls of tools. */
  CallSyntax callSyntax() {
    return callSyntax;
  }

  /**
   * What ends an answer besides what its client asked for: a model without a template was not
   * trained to end its turn, and would go on with the conversation by itself.
   */
  List<String> stops(Prompt prompt) {
    return template == null && prompt instanceof Prompt.Chat
        ? List.of("\nuser:", "\nsystem:", "\nassistant:")
        : List.of();
  }

  /** What came of a prompt. */
  sealed interface Built {
    /** Its tokens, with those that every prompt begins with. */
    record Tokens(int[] ids) implements Built {}

    /** Why it has none. */
    record Rejected(Preparation.Rejected reason) implements Built {}
  }

  /** Renders something, so that the first request does not wait for classes to load. */
  void warmUp() {
    List<Message> messages = List.of(new Message("user", "Hello <|you|>"));
    build(new Prompt.Chat(messages, ""));
  }

  Built build(Prompt prompt) {
    return switch (prompt) {
      case Prompt.Text(String text) ->
          text.length() > maxChars ? tooLong() : tokens(vocabulary.tokenize(text, false));
      case Prompt.Chat chat -> chat(chat);
    };
  }

  /** Tokens of text that a model wrote; markers in it are ordinary text. */
  int[] tokensOf(String text) {
    return vocabulary.tokenize(text, false);
  }

  private Built chat(Prompt.Chat chat) {
    if (chat.messages().isEmpty()) {
      return badMessages("messages must not be empty");
    }
    long chars = (long) chat.templateArguments().length() + chat.tools().json().length();
    for (Message message : chat.messages()) {
      if (!ROLE.matcher(message.role()).matches()) {
        return badMessages("a role must be 1 to 64 letters, digits, '_' or '-'");
      }
      chars += message.content().length() + message.calls().length();
    }
    if (chars > maxChars) {
      return tooLong();
    }
    List<Message> messages =
        templateKnowsTools ? chat.messages() : ToolText.inWords(chat.messages(), chat.tools());
    return template == null ? plain(messages) : rendered(template, messages, chat);
  }

  private Built plain(List<Message> messages) {
    StringBuilder text = new StringBuilder();
    for (Message message : messages) {
      text.append(message.role()).append(": ").append(message.content()).append('\n');
    }
    return tokens(vocabulary.tokenize(text.append("assistant:").toString(), false));
  }

  private Built rendered(ChatTemplate with, List<Message> messages, Prompt.Chat chat) {
    TemplateArguments arguments =
        TemplateArguments.parse(chat.templateArguments(), this::withoutMarkers);
    if (arguments == null) {
      return rejected("chat_template_kwargs must be a JSON object", "chat_template_kwargs");
    }
    ToolText.Variables tools =
        templateKnowsTools
            ? ToolText.variables(messages, chat.tools(), this::withoutMarkers)
            : ToolText.Variables.NONE;
    if (tools == null) {
      return rejected("the tools or their calls hold control markers of this model", "tools");
    }
    List<String> contents = messages.stream().map(Message::content).toList();
    Placeholders placeholders = Placeholders.of(contents, nonce());
    Rendered asIs = with.render(messages, arguments, tools);
    if (!(asIs instanceof Rendered.Text(String text))) {
      return badMessages(((Rendered.Failed) asIs).reason());
    }
    Rendered marked = with.render(placeholders.replace(messages), arguments, tools);
    List<Placeholders.Piece> pieces =
        marked instanceof Rendered.Text(String markedText)
            ? placeholders.align(markedText, text)
            : null;
    return pieces == null
        ? neutralised(with, messages, arguments, tools)
        : tokens(tokenize(text, pieces));
  }

  private int[] tokenize(String text, List<Placeholders.Piece> pieces) {
    int[] whole = vocabulary.tokenize(text, true);
    TokenList byPieces = new TokenList(whole.length);
    TokenList controls = new TokenList(16);
    for (Placeholders.Piece piece : pieces) {
      int[] ids = vocabulary.tokenize(piece.text(), !piece.isContent());
      byPieces.addAll(ids);
      controls.addAll(controls(ids));
    }
    boolean faithful = Arrays.equals(controls(whole), controls.toArray());
    return faithful ? whole : byPieces.toArray();
  }

  private Built neutralised(
      ChatTemplate with,
      List<Message> messages,
      TemplateArguments arguments,
      ToolText.Variables tools) {
    List<Message> harmless = new ArrayList<>(messages.size());
    for (Message message : messages) {
      String content = withoutMarkers(message.content());
      if (content == null) {
        return badMessages("a message holds control markers of this model");
      }
      harmless.add(message.withContent(content));
    }
    return switch (with.render(harmless, arguments, tools)) {
      case Rendered.Text(String text) -> tokens(vocabulary.tokenize(text, true));
      case Rendered.Failed(String message) -> badMessages(message);
    };
  }

  /** The text with its control markers broken, or null where that does not succeed. */
  private @Nullable String withoutMarkers(String text) {
    if (controls(vocabulary.tokenize(text, true)).length == 0) {
      return text;
    }
    String broken = OPENING.matcher(text).replaceAll("$0\u2060");
    return controls(vocabulary.tokenize(broken, true)).length == 0 ? broken : null;
  }

  /** The control tokens among others: those that stand for no bytes. */
  private int[] controls(int[] ids) {
    TokenList controls = new TokenList(16);
    for (int id : ids) {
      if (tokens.piece(id).length == 0) {
        controls.add(id);
      }
    }
    return controls.toArray();
  }

  private Built tokens(int[] ids) {
    int[] prefix = vocabulary.prefix();
    TokenList all = new TokenList(prefix.length + ids.length);
    TokenList own = new TokenList(ids.length);
    own.addAll(ids);
    all.addAll(prefix);
    if (all.commonPrefix(prefix.length, own) == prefix.length) {
      return new Built.Tokens(ids); // A template may write the beginning of the sequence itself.
    }
    all.addAll(ids);
    return new Built.Tokens(all.toArray());
  }

  private String nonce() {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private Built tooLong() {
    String message = "the prompt has more than " + maxChars + " characters";
    return new Built.Rejected(
        new Preparation.Rejected(RefusalCause.PROMPT_TOO_LONG, message, "messages"));
  }

  private static Built badMessages(String message) {
    return rejected(message, "messages");
  }

  private static Built rejected(String message, String param) {
    return new Built.Rejected(new Preparation.Rejected(RefusalCause.BAD_REQUEST, message, param));
  }
}
