package org.cocoon.link.evidence.eventlog;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Measurements;

/** The registers while the log is replayed. */
final class LogReplay {
  private static final int REGISTERS = 4;
  private static final int REGISTER_BYTES = 48;

  private static final long EV_SEPARATOR = 0x4;
  private static final long EV_IPL = 0xd;
  private static final long EV_EFI_VARIABLE_DRIVER_CONFIG = 0x8000_0001L;
  private static final long EV_EFI_GPT_EVENT = 0x8000_0006L;
  private static final long EV_EFI_ACTION = 0x8000_0007L;
  private static final long EV_EFI_VARIABLE_AUTHORITY = 0x8000_00e0L;

  private final byte[][] registers = new byte[REGISTERS][REGISTER_BYTES];
  private final boolean[] reached = new boolean[REGISTERS];
  private final byte[][] quoted;
  private final MessageDigest sha384 = Digests.of("SHA-384");

  LogReplay(Measurements measurements) {
    HexFormat hex = HexFormat.of();
    quoted =
        new byte[][] {
          hex.parseHex(measurements.rtmr0()),
          hex.parseHex(measurements.rtmr1()),
          hex.parseHex(measurements.rtmr2()),
          hex.parseHex(measurements.rtmr3())
        };
  }

  EventReplay replay(List<EventLog.Event> events) {
    for (int i = 0; i < events.size(); i++) {
      EventLog.Event event = events.get(i);
      if (event.type() == EventLog.EV_NO_ACTION) {
        continue;
      }
      if (event.register() < 1 || event.register() > REGISTERS) {
        return new EventReplay.Refused(
            EventReplay.Reason.WRONG_REGISTER,
            "event " + i + " is of register " + event.register());
      }
      if (mustBeOfItsData(event.type()) && !isProven(event)) {
        return new EventReplay.Refused(
            EventReplay.Reason.DATA_EDITED,
            "event %d of type 0x%x has other data than its digest".formatted(i, event.type()));
      }
      extend((int) event.register() - 1, HexFormat.of().parseHex(event.digest()));
    }
    for (int i = 0; i < REGISTERS; i++) {
      if (!Arrays.equals(registers[i], quoted[i])) {
        return new EventReplay.Refused(
            reached[i] ? EventReplay.Reason.LATER_EVENTS : EventReplay.Reason.REGISTER_DIFFERS,
            "the log gives another rtmr" + i + " than the quote");
      }
    }
    return new EventReplay.Matches(
        events.stream().map(e -> new EventReplay.Told(e, isProven(e))).toList());
  }

  private void extend(int index, byte[] digest) {
    sha384.update(registers[index]);
    registers[index] = sha384.digest(digest);
    reached[index] |= Arrays.equals(registers[index], quoted[index]);
  }

  /** Types whose digest is that of the event's data (PC Client profile, table 27). */
  private static boolean mustBeOfItsData(long type) {
    return type == EV_SEPARATOR
        || type == EV_EFI_VARIABLE_DRIVER_CONFIG
        || type == EV_EFI_GPT_EVENT
        || type == EV_EFI_ACTION
        || type == EV_EFI_VARIABLE_AUTHORITY;
  }

  private boolean isProven(EventLog.Event event) {
    byte[] digest = HexFormat.of().parseHex(event.digest());
    return Arrays.equals(sha384.digest(event.data()), digest)
        || (event.type() == EV_IPL && Arrays.equals(sha384.digest(text(event.data())), digest));
  }

  /** GRUB measures a command or command line alone, and logs it behind "kind: " and before 0. */
  private static byte[] text(byte[] data) {
    String logged = new String(data, UTF_8).replaceFirst("\0$", "");
    return logged.substring(Math.max(0, logged.indexOf(": ") + 2)).getBytes(UTF_8);
  }
}
