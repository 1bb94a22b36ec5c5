package org.cocoon.worker.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.worker.engine.GenerationRequest.Message;
import org.jspecify.annotations.Nullable;

/**
 * Stand-ins for the contents of messages, which show where a template put them.
 *
 * <p>Letters and digits only, which templates leave alone, with 128 random bits that no content can
 * know. Blank contents stand for themselves: templates ask whether there is any, and blanks can
 * hold no marker.
 */
final class Placeholders {
  private final List<String> contents;
  private final String nonce;
  private final Pattern pattern;

  private Placeholders(List<String> contents, String nonce) {
    this.contents = contents;
    this.nonce = nonce;
    pattern = Pattern.compile("content" + nonce + "n([0-9]{1,9})z");
  }

  /** Placeholders for contents, made with random letters and digits. */
  static Placeholders of(List<String> contents, String nonce) {
    return new Placeholders(contents, nonce);
  }

  /**
   * A part of a rendered conversation.
   *
   * @param isContent whether a message's author wrote it, rather than the template's
   */
  record Piece(String text, boolean isContent) {}

  /** The messages with placeholders for their contents. */
  List<Message> replace(List<Message> messages) {
    List<Message> replaced = new ArrayList<>(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      Message message = messages.get(i);
      String content =
          message.content().isBlank() ? message.content() : "content" + nonce + "n" + i + "z";
      replaced.add(message.withContent(content));
    }
    return replaced;
  }

  /**
   * Cuts a conversation where its rendering with placeholders shows the borders of contents, which
   * may have been trimmed. Null where the two do not match.
   */
  @Nullable List<Piece> align(String marked, String text) {
    List<Piece> pieces = new ArrayList<>();
    Matcher matcher = pattern.matcher(marked);
    int markedAt = 0;
    int at = 0;
    while (matcher.find()) {
      String literal = marked.substring(markedAt, matcher.start());
      if (!text.startsWith(literal, at)) {
        return null;
      }
      at += literal.length();
      markedAt = matcher.end();
      String content = contents.get(Integer.parseInt(matcher.group(1)));
      String following = following(marked, markedAt);
      String found = found(text, at, content, following);
      if (found == null) {
        return null;
      }
      at += found.length();
      pieces.add(new Piece(literal, false));
      pieces.add(new Piece(found, true));
    }
    String rest = marked.substring(markedAt);
    if (!text.substring(at).equals(rest)) {
      return null;
    }
    pieces.add(new Piece(rest, false));
    return pieces;
  }

  /** What the template wrote between a placeholder and the next one. */
  private String following(String marked, int from) {
    Matcher next = pattern.matcher(marked).region(from, marked.length());
    return marked.substring(from, next.find() ? next.start() : marked.length());
  }

  private static @Nullable String found(String text, int at, String content, String following) {
    for (String form :
        List.of(content, content.strip(), content.stripTrailing(), content.stripLeading())) {
      if (text.startsWith(form, at) && text.startsWith(following, at + form.length())) {
        return form;
      }
    }
    return null;
  }
}
