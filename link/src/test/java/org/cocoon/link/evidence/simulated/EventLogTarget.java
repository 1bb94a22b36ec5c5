package org.cocoon.link.evidence.simulated;

import java.util.List;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.eventlog.EventReplay;
import org.cocoon.link.fuzz.FuzzTarget;

/** An event log beside a quote: one that matches has the digests of the log that was made. */
public final class EventLogTarget implements FuzzTarget {
  private final List<byte[]> events = EventReplayTest.events();
  private final Measurements quoted = EventReplayTest.registersOf(events);
  private final List<byte[]> seeds = List.of(EventReplayTest.log(events));

  @Override
  public List<byte[]> seeds() {
    return seeds;
  }

  @Override
  public void take(byte[] input) {
    switch (EventReplay.of(input, quoted)) {
      case EventReplay.Matches matches -> {
        long measured = matches.events().stream().filter(told -> told.event().type() != 3).count();
        if (measured != events.size()) {
          throw new AssertionError("a log with " + measured + " events matches");
        }
      }
      case EventReplay.Refused refused -> {
        if (refused.detail().isBlank()) {
          throw new AssertionError(refused.reason() + " without a detail");
        }
      }
    }
  }
}
