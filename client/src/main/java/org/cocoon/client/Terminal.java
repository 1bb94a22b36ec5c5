package org.cocoon.client;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command reads and writes, always in UTF-8.
 *
 * @param in what the person types or a pipe brings
 * @param out answers
 * @param err problems
 * @param interactive whether a person sits at both ends, so that prompts and figures are welcome
 * @param colours whether dim text is understood
 */
public record Terminal(
    InputStream in, PrintStream out, PrintStream err, boolean interactive, boolean colours) {

  /** The process's own streams. */
  // The check's advice is wrong for the console of JDK 25, which is absent without a terminal.
  @SuppressWarnings("SystemConsoleNull")
  public static Terminal ofProcess(Map<String, String> environment) {
    Console console = System.console();
    boolean interactive = console != null && console.isTerminal();
    boolean colours =
        interactive
            && environment.getOrDefault("NO_COLOR", "").isEmpty()
            && !environment.getOrDefault("TERM", "").equals("dumb");
    return new Terminal(
        System.in,
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8),
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
        interactive,
        colours);
  }

  /** Writes a piece of an answer at once. */
  public void write(String text) {
    out.print(interactive ? withoutControls(text) : text);
    out.flush();
  }

  /** Text that steps back behind the answer. */
  public String dim(String text) {
    return colours ? "\u001b[2m" + text + "\u001b[0m" : text;
  }

  /** A model's words must not move the cursor or retitle the window. */
  public static String withoutControls(String text) {
    StringBuilder kept = new StringBuilder(text.length());
    text.codePoints()
        .filter(c -> c == '\n' || c == '\t' || !Character.isISOControl(c))
        .forEach(kept::appendCodePoint);
    return kept.toString();
  }
}
