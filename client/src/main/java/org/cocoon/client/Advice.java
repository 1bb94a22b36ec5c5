package org.cocoon.client;

import java.time.Duration;

/** What a person is told about a failed call: one sentence that says what to do. */
public final class Advice {
  private Advice() {}

  /** What to do about it. */
  public static String on(CocoonException problem) {
    String what = withoutFullStop(Terminal.withoutControls(String.valueOf(problem.getMessage())));
    return switch (problem.kind()) {
      case UNREACHABLE ->
          what + "; start a network with `cocoon up`, or give the right address with --url.";
      case UNAUTHORISED ->
          "The key was not accepted (" + what + "); give one with --key or OPENAI_API_KEY.";
      case FORBIDDEN -> "This key may not do that (" + what + "); use another key or model.";
      case UNFUNDED -> "The balance is too small (" + what + "); top up the account.";
      case LIMITED -> "A limit is reached (" + what + "); try again " + when(problem) + ".";
      case UNAVAILABLE -> "Nobody can answer now (" + what + "); try again " + when(problem) + ".";
      case TIMED_OUT -> "It took too long (" + what + "); try again, or see `cocoon status`.";
      case REJECTED -> "The request was refused: " + what + "; change it and try again.";
      case FAILED -> "The server failed (" + what + "); try again.";
      case TRUNCATED -> "The answer is incomplete: " + what + "; try again.";
      case NOT_UNDERSTOOD ->
          what + ", which is no OpenAI-compatible answer; check the address given with --url.";
    };
  }

  private static String when(CocoonException problem) {
    return problem
        .retryAfter()
        .map(Duration::toSeconds)
        .map(seconds -> "in " + seconds + (seconds == 1 ? " second" : " seconds"))
        .orElse("later");
  }

  private static String withoutFullStop(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }
}
