package org.cocoon.link.evidence.eventlog;

import java.util.List;
import org.cocoon.link.evidence.Measurements;

/** What came of replaying an event log against a quote's run-time registers. */
public sealed interface EventReplay {

  /**
   * The log gives exactly the quote's four registers.
   *
   * <p>The digests are thereby the quote's. What an event says is so only where {@link
   * Told#proven()}; other text, such as a device path, is the log's alone.
   *
   * @param events in their order
   */
  record Matches(List<Told> events) implements EventReplay {
    /** Copies the list. */
    public Matches {
      events = List.copyOf(events);
    }
  }

  /**
   * The log is not that of the quote.
   *
   * @param reason the first check that failed
   * @param detail what was found, for an operator
   */
  record Refused(Reason reason, String detail) implements EventReplay {}

  /**
   * An event of a log that matches.
   *
   * @param event what the log says
   * @param proven whether the event's digest is that of its data, or of the text in it
   */
  record Told(EventLog.Event event, boolean proven) {}

  /** Why a log is refused. */
  enum Reason {
    /** The log ends in the middle of an event. */
    TRUNCATED,
    /** The bytes are no event log. */
    MALFORMED,
    /** An event names a register that is not one of rtmr0 to rtmr3. */
    WRONG_REGISTER,
    /** An event's data is not that of its digest, where its type says that it must be. */
    DATA_EDITED,
    /** The log gives the quote's register before its end: it goes on after the quote. */
    LATER_EVENTS,
    /** The log gives another register: events are edited, missing, added or in another order. */
    REGISTER_DIFFERS
  }

  /**
   * Replays a log: register = SHA-384(register || digest) for each event, from zeros.
   *
   * @param log the area that firmware reserved, see {@link EventLog#parse}
   * @param measurements of a quote whose signatures are good already
   * @return never throws for any content of the log
   */
  static EventReplay of(byte[] log, Measurements measurements) {
    return switch (EventLog.parse(log)) {
      case EventLog.Malformed malformed ->
          new Refused(
              malformed.truncated() ? Reason.TRUNCATED : Reason.MALFORMED, malformed.reason());
      case EventLog.Parsed parsed -> new LogReplay(measurements).replay(parsed.events());
    };
  }
}
