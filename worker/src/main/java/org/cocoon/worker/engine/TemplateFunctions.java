package org.cocoon.worker.engine;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.objects.date.StrftimeFormatter;
import java.time.Instant;
import java.time.ZoneOffset;

/** Functions that chat templates expect. Public because the template engine calls by reflection. */
public final class TemplateFunctions {
  private TemplateFunctions() {}

  /** Refuses the conversation, for a reason that the caller is told. */
  @SuppressWarnings("DoNotCallSuggester") // Only the template engine calls it.
  public static Object raise(String reason) {
    throw new Raised(reason);
  }

  /** The time of rendering in UTC, in a format as Python's {@code strftime} takes it. */
  public static String strftimeNow(String format) {
    long millis =
        JinjavaInterpreter.getCurrent().getConfig().getDateTimeProvider().getCurrentTimeMillis();
    return StrftimeFormatter.format(Instant.ofEpochMilli(millis).atZone(ZoneOffset.UTC), format);
  }

  /** What {@code raise_exception} throws through the template engine. */
  static final class Raised extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final String reason;

    Raised(String reason) {
      super("raised by the chat template");
      this.reason = reason;
    }

    String reason() {
      return reason;
    }
  }
}
