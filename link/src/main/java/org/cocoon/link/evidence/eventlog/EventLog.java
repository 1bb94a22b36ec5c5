package org.cocoon.link.evidence.eventlog;

import java.util.List;

/**
 * A confidential computing event log (CCEL) in the TCG's crypto-agile form, or why some bytes are
 * none.
 *
 * <p>Parsing checks the form only; {@link EventReplay} compares it with a quote.
 */
public sealed interface EventLog {

  /** Longest log that is looked at, in bytes; firmware reserves 65,536 to 262,144. */
  int MAX_BYTES = 1024 * 1024;

  /** Most events that are read. */
  int MAX_EVENTS = 8_192;

  /** Type of an event that only informs and is not extended into a register. */
  long EV_NO_ACTION = 0x3;

  /**
   * Well-formed.
   *
   * @param events in their order, without the header that describes the log
   */
  record Parsed(List<Event> events) implements EventLog {
    /** Copies the list. */
    public Parsed {
      events = List.copyOf(events);
    }
  }

  /**
   * Not a log.
   *
   * @param truncated whether it ends in the middle of an event
   * @param reason names the event and what is wrong with it
   */
  record Malformed(boolean truncated, String reason) implements EventLog {}

  /**
   * One measured event; the array must not be changed.
   *
   * @param register 0 for mrTd, 1 to 4 for rtmr0 to rtmr3
   * @param type of the TCG's list, unsigned
   * @param digest SHA-384, 96 lower-case hexadecimal digits
   * @param data what the event says, which the digest does not always cover
   */
  record Event(long register, long type, String digest, byte[] data) {}

  /**
   * Reads a log; never throws for any content.
   *
   * @param bytes the area that firmware reserved; what is unused at its end is 0xff or zero
   */
  static EventLog parse(byte[] bytes) {
    return EventLogParser.parse(bytes);
  }
}
