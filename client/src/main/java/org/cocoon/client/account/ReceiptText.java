package org.cocoon.client.account;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.cocoon.client.Json;
import org.cocoon.client.Terminal;
import org.jspecify.annotations.Nullable;

/** Finds a receipt's text: given as it is, or in a file, alone or within an answer as JSON. */
final class ReceiptText {
  private static final int MAX_BYTES = 8 << 20;
  private static final String STDIN = "-";

  private ReceiptText() {}

  /**
   * The text of the receipt that is meant.
   *
   * @param given the text itself, a file's name, or "-" for the standard input
   * @throws IOException a sentence, if a file cannot be read
   */
  static String find(String given, Terminal terminal) throws IOException {
    if (given.equals(STDIN)) {
      return within(bounded(terminal.in(), "the standard input"));
    }
    Path file = file(given);
    if (file == null) {
      return within(given.getBytes(StandardCharsets.UTF_8));
    }
    try (InputStream in = Files.newInputStream(file)) {
      return within(bounded(in, given));
    } catch (IOException e) {
      throw new IOException("cannot read " + given + ": " + e.getMessage(), e);
    }
  }

  @Nullable
  private static Path file(String given) {
    try {
      Path file = Path.of(given);
      return Files.exists(file) ? file : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  private static byte[] bounded(InputStream in, String name) throws IOException {
    byte[] bytes = in.readNBytes(MAX_BYTES + 1);
    if (bytes.length > MAX_BYTES) {
      throw new IOException(name + " is longer than any answer with a receipt");
    }
    return bytes;
  }

  private static String within(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8).strip();
    if (!text.startsWith("{")) {
      return text;
    }
    try {
      Json answer = Json.parse(bytes, bytes.length);
      return answer.at("usage").at("receipt").text(answer.at("receipt").text(""));
    } catch (IOException e) {
      return text; // it is no receipt either, and the check says so
    }
  }
}
