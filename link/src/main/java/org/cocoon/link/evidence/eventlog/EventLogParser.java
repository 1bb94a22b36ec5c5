package org.cocoon.link.evidence.eventlog;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * The layout of a crypto-agile event log, little-endian.
 *
 * <pre>
 * header   register u32 | type u32 (3) | SHA-1 20 (zero) | size u32, holding
 *            "Spec ID Event03" 0 | class u32 | minor, major, errata, uintn size u8
 *            | algorithms u32 | (algorithm u16 | digest bytes u16)... | vendor size u8 | vendor
 * event    register u32 | type u32 | digests u32 | (algorithm u16 | digest)... | size u32 | data
 * end      register 0xffffffff, or zeros only
 * </pre>
 */
final class EventLogParser {
  private static final int SHA384 = 0x000c;
  private static final int SHA384_BYTES = 48;
  private static final int SHA1_BYTES = 20;
  private static final int MAX_ALGORITHMS = 8;
  private static final int MAX_DIGEST_BYTES = 64;
  private static final long UNUSED = 0xffff_ffffL;
  private static final byte[] SIGNATURE = "Spec ID Event03\0".getBytes(US_ASCII);

  private final ByteBuffer buffer;
  private final Map<Integer, Integer> digestBytes = new HashMap<>();

  private EventLogParser(byte[] bytes) {
    buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static EventLog parse(byte[] bytes) {
    if (bytes.length > EventLog.MAX_BYTES) {
      return new EventLog.Malformed(
          false, "it has " + bytes.length + " bytes, more than " + EventLog.MAX_BYTES);
    }
    try {
      EventLogParser parser = new EventLogParser(bytes);
      parser.readHeader();
      return new EventLog.Parsed(parser.readEvents());
    } catch (MalformedLogException e) {
      return new EventLog.Malformed(e.truncated, String.valueOf(e.getMessage()));
    }
  }

  private void readHeader() throws MalformedLogException {
    String name = "the header";
    u32(name);
    long type = u32(name);
    bytes(SHA1_BYTES, name);
    int size = length(name);
    int end = buffer.position() + size;
    if (type != EventLog.EV_NO_ACTION
        || size < SIGNATURE.length
        || !Arrays.equals(bytes(SIGNATURE.length, name), SIGNATURE)) {
      throw new MalformedLogException(false, "the log does not begin with \"Spec ID Event03\"");
    }
    bytes(8, name);
    long algorithms = u32(name);
    if (algorithms < 1 || algorithms > MAX_ALGORITHMS) {
      throw new MalformedLogException(
          false, "the header names " + algorithms + " algorithms, not 1 to " + MAX_ALGORITHMS);
    }
    for (int i = 0; i < algorithms; i++) {
      int algorithm = u16(name);
      int length = u16(name);
      boolean known = algorithm != SHA384 || length == SHA384_BYTES;
      if (!known || length > MAX_DIGEST_BYTES || digestBytes.put(algorithm, length) != null) {
        throw new MalformedLogException(
            false, "the header's algorithm 0x" + Integer.toHexString(algorithm) + " is wrong");
      }
    }
    if (!digestBytes.containsKey(SHA384)) {
      throw new MalformedLogException(false, "the log has no SHA-384 digests");
    }
    bytes(Byte.toUnsignedInt(bytes(1, name)[0]), name);
    if (buffer.position() != end) {
      throw new MalformedLogException(false, "the header's size is not that of its fields");
    }
  }

  private List<EventLog.Event> readEvents() throws MalformedLogException {
    List<EventLog.Event> events = new ArrayList<>();
    while (buffer.hasRemaining() && !isUnused()) {
      if (events.size() == EventLog.MAX_EVENTS) {
        throw new MalformedLogException(
            false, "it has more than " + EventLog.MAX_EVENTS + " events");
      }
      events.add(readEvent("event " + events.size()));
    }
    return events;
  }

  /** Whether from here on there is only what firmware left unused. */
  private boolean isUnused() {
    byte first = buffer.get(buffer.position());
    if (first != 0 && first != (byte) 0xff) {
      return false;
    }
    for (int at = buffer.position(); at < buffer.limit(); at++) {
      if (buffer.get(at) != first) {
        // A register of all ones closes the log, whatever garbage follows; zero may be mrTd's.
        return first != 0
            && buffer.remaining() >= 4
            && Integer.toUnsignedLong(buffer.getInt(buffer.position())) == UNUSED;
      }
    }
    return true;
  }

  private EventLog.Event readEvent(String name) throws MalformedLogException {
    long register = u32(name);
    long type = u32(name);
    long digests = u32(name);
    if (digests != digestBytes.size()) {
      throw new MalformedLogException(
          false, name + " has " + digests + " digests, not " + digestBytes.size());
    }
    Map<Integer, byte[]> byAlgorithm = new HashMap<>();
    for (int i = 0; i < digests; i++) {
      int algorithm = u16(name);
      Integer length = digestBytes.get(algorithm);
      if (length == null || byAlgorithm.put(algorithm, bytes(length, name)) != null) {
        throw new MalformedLogException(
            false,
            "%s has a digest of algorithm 0x%x, unknown or twice".formatted(name, algorithm));
      }
    }
    byte[] digest = byAlgorithm.getOrDefault(SHA384, new byte[0]);
    byte[] data = bytes(length(name), name);
    return new EventLog.Event(register, type, HexFormat.of().formatHex(digest), data);
  }

  private int length(String name) throws MalformedLogException {
    long length = u32(name);
    if (length > buffer.remaining()) {
      throw new MalformedLogException(
          true, name + " says " + length + " bytes, but " + buffer.remaining() + " are left");
    }
    return (int) length;
  }

  private long u32(String name) throws MalformedLogException {
    need(4, name);
    return Integer.toUnsignedLong(buffer.getInt());
  }

  private int u16(String name) throws MalformedLogException {
    need(2, name);
    return Short.toUnsignedInt(buffer.getShort());
  }

  private byte[] bytes(int length, String name) throws MalformedLogException {
    need(length, name);
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return bytes;
  }

  private void need(int length, String name) throws MalformedLogException {
    if (buffer.remaining() < length) {
      throw new MalformedLogException(
          true, name + " needs " + length + " bytes, but " + buffer.remaining() + " are left");
    }
  }

  /** Ends a parse; {@link #parse} turns it into a value. */
  private static final class MalformedLogException extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean truncated;

    MalformedLogException(boolean truncated, String reason) {
      super(reason, null, false, false);
      this.truncated = truncated;
    }
  }
}
