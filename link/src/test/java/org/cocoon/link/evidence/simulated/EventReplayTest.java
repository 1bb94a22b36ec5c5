package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.TsmException;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.eventlog.EventReplay;
import org.cocoon.link.evidence.eventlog.EventReplay.Reason;
import org.cocoon.link.evidence.eventlog.RtmrExtender;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registers that a program extends itself, and logs that do or do not give them. */
final class EventReplayTest {
  private static final long SEED = 20260301;
  private static final long EV_SEPARATOR = 4;
  private static final long EV_EVENT_TAG = 6;

  @TempDir Path dir = Path.of("");

  @Test
  void laterQuotesCarryWhatTheProgramExtended() throws IOException {
    try (SimulatedTee tee = SimulatedTee.start(dir, Role.WORKER, TestNetwork.IMAGE)) {
      RtmrExtender rtmr3 = new RtmrExtender(tee.measurementsFolder(), 3);
      assertArrayEquals(new byte[48], rtmr3.read());
      ByteArrayOutputStream log = new ByteArrayOutputStream();
      log.writeBytes(header());
      for (String model : List.of("first model", "second model")) {
        byte[] digest = sha384(model);
        byte[] before = rtmr3.read();
        assertArrayEquals(RtmrExtender.extended(before, digest), rtmr3.extend(digest));
        log.writeBytes(event(4, EV_EVENT_TAG, digest, model));
      }
      Measurements quoted = quoted(tee);
      assertEquals("00".repeat(48), quoted.rtmr2());
      EventReplay.Matches matches =
          assertInstanceOf(EventReplay.Matches.class, EventReplay.of(log.toByteArray(), quoted));
      assertTrue(matches.events().stream().allMatch(EventReplay.Told::proven));

      new RtmrExtender(tee.measurementsFolder(), 2).extend(sha384("third"));
      assertRefused(Reason.REGISTER_DIFFERS, log.toByteArray(), quoted(tee));
    }
  }

  @Test
  void saysWhyARegisterWasNotExtended() throws IOException {
    TsmException missing =
        assertThrows(TsmException.class, () -> new RtmrExtender(dir, 3).extend(sha384("anything")));
    assertEquals(TsmException.Failure.NO_TEE, missing.failure());
    Files.write(dir.resolve("rtmr3:sha384"), new byte[48]);
    RtmrExtender unanswered = new RtmrExtender(dir, 3, Duration.ofMillis(20));
    TsmException unchanged =
        assertThrows(TsmException.class, () -> unanswered.extend(sha384("anything")));
    assertEquals(TsmException.Failure.BUSY, unchanged.failure());
    Files.write(dir.resolve("rtmr3:sha384"), new byte[47]);
    assertEquals(
        TsmException.Failure.IO, assertThrows(TsmException.class, unanswered::read).failure());
    assertThrows(IllegalArgumentException.class, () -> new RtmrExtender(dir, 1));
    assertThrows(IllegalArgumentException.class, () -> unanswered.extend(new byte[32]));
  }

  @Test
  void refusesLogsThatDoNotGiveTheRegisters() {
    List<byte[]> events = events();
    Measurements quoted = registersOf(events);
    assertInstanceOf(EventReplay.Matches.class, EventReplay.of(log(events), quoted));

    List<byte[]> reordered = new ArrayList<>(events);
    Collections.swap(reordered, 0, 1);
    assertRefused(Reason.REGISTER_DIFFERS, log(reordered), quoted);
    assertRefused(Reason.REGISTER_DIFFERS, log(events.subList(0, 3)), quoted);
    List<byte[]> doubled = new ArrayList<>(events);
    doubled.add(0, events.getFirst());
    assertRefused(Reason.REGISTER_DIFFERS, log(doubled), quoted);
    List<byte[]> longer = new ArrayList<>(events);
    longer.add(event(4, EV_EVENT_TAG, sha384("after the quote"), "after the quote"));
    assertRefused(Reason.LATER_EVENTS, log(longer), quoted);
    longer.set(4, event(0, EV_EVENT_TAG, sha384("mrTd"), "mrTd"));
    assertRefused(Reason.WRONG_REGISTER, log(longer), quoted);
    longer.set(4, event(1, EV_SEPARATOR, sha384("one"), "another"));
    assertRefused(Reason.DATA_EDITED, log(longer), quoted);
    longer.set(4, event(0, 3, new byte[48], "only informs"));
    assertInstanceOf(EventReplay.Matches.class, EventReplay.of(log(longer), quoted));
  }

  @Test
  void everyCutInsideAnEventIsTruncated() {
    List<byte[]> events = events();
    Measurements quoted = registersOf(events);
    byte[] log = log(events);
    int boundary = header().length;
    List<Integer> boundaries = new ArrayList<>(List.of(boundary));
    for (byte[] event : events) {
      boundary += event.length;
      boundaries.add(boundary);
    }
    for (int length = 0; length < log.length; length++) {
      Reason expected = boundaries.contains(length) ? Reason.REGISTER_DIFFERS : Reason.TRUNCATED;
      assertRefused(expected, Arrays.copyOf(log, length), quoted);
    }
  }

  @Test
  void unusedAreaAfterTheLogIsNotPartOfIt() {
    List<byte[]> events = events();
    Measurements quoted = registersOf(events);
    byte[] log = log(events);
    byte[] zeros = Arrays.copyOf(log, log.length + 100);
    byte[] ones = zeros.clone();
    Arrays.fill(ones, log.length, ones.length, (byte) 0xff);
    assertInstanceOf(EventReplay.Matches.class, EventReplay.of(zeros, quoted));
    assertInstanceOf(EventReplay.Matches.class, EventReplay.of(ones, quoted));
    zeros[log.length + 99] = 1;
    assertRefused(Reason.MALFORMED, zeros, quoted);
    assertRefused(Reason.MALFORMED, new byte[2 * 1024 * 1024], quoted);
  }

  @Test
  void noLogWithAnotherDigestOrRegisterMatches() {
    List<byte[]> events = events();
    Measurements quoted = registersOf(events);
    byte[] log = log(events);
    List<String> measured = measured(EventReplay.of(log, quoted));
    assertEquals(4, measured.size());
    Random random = new Random(SEED);
    for (int i = 0; i < 5_000; i++) {
      byte[] changed = log.clone();
      int at = random.nextInt(changed.length);
      changed[at] ^= (byte) (1 + random.nextInt(255));
      // What no digest covers may change: types, unproven data, the header's free fields.
      EventReplay replay = EventReplay.of(changed, quoted);
      if (replay instanceof EventReplay.Matches) {
        assertEquals(measured, measured(replay), "offset " + at + ", seed " + SEED);
      }
    }
  }

  private static List<String> measured(EventReplay replay) {
    return assertInstanceOf(EventReplay.Matches.class, replay).events().stream()
        .map(told -> told.event().register() + told.event().digest())
        .toList();
  }

  static List<byte[]> events() {
    return List.of(
        event(1, EV_EVENT_TAG, sha384("firmware"), "firmware"),
        event(1, EV_SEPARATOR, Digests.of("SHA-384").digest(new byte[4]), "\0\0\0\0"),
        event(2, EV_EVENT_TAG, sha384("kernel"), "kernel"),
        event(4, EV_EVENT_TAG, sha384("model"), "model"));
  }

  static Measurements registersOf(List<byte[]> events) {
    byte[][] registers = new byte[5][48];
    for (byte[] event : events) {
      int register = event[0];
      byte[] digest = Arrays.copyOfRange(event, 14, 62);
      registers[register] = RtmrExtender.extended(registers[register], digest);
    }
    HexFormat hex = HexFormat.of();
    Measurements m = TestNetwork.measurements(new byte[64]);
    return new Measurements(
        m.teeTcbSvn(),
        m.mrSeam(),
        m.mrSignerSeam(),
        m.seamAttributes(),
        m.tdAttributes(),
        m.xfam(),
        m.mrTd(),
        m.mrConfigId(),
        m.mrOwner(),
        m.mrOwnerConfig(),
        hex.formatHex(registers[1]),
        hex.formatHex(registers[2]),
        hex.formatHex(registers[3]),
        hex.formatHex(registers[4]),
        m.reportData(),
        m.teeTcbSvn2(),
        m.mrServiceTd());
  }

  static byte[] log(List<byte[]> events) {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.writeBytes(header());
    events.forEach(log::writeBytes);
    return log.toByteArray();
  }

  private static byte[] header() {
    return littleEndian(32 + 33)
        .putInt(1)
        .putInt(3)
        .put(new byte[20])
        .putInt(33)
        .put("Spec ID Event03\0".getBytes(US_ASCII))
        .putInt(0)
        .put(new byte[] {0, 2, 0, 2})
        .putInt(1)
        .putShort((short) 12)
        .putShort((short) 48)
        .array();
  }

  static byte[] event(int register, long type, byte[] digest, String text) {
    byte[] data = text.getBytes(UTF_8);
    return littleEndian(66 + data.length)
        .putInt(register)
        .putInt((int) type)
        .putInt(1)
        .putShort((short) 12)
        .put(digest)
        .putInt(data.length)
        .put(data)
        .array();
  }

  private static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static byte[] sha384(String text) {
    return Digests.of("SHA-384").digest(text.getBytes(UTF_8));
  }

  private static Measurements quoted(SimulatedTee tee) throws IOException {
    TdxQuote quote = TdxQuote.parse(new TsmReports(tee.reportsFolder()).tdxQuote(new byte[64]));
    return assertInstanceOf(TdxQuote.Parsed.class, quote).measurements();
  }

  private static void assertRefused(Reason reason, byte[] log, Measurements quoted) {
    EventReplay.Refused refused =
        assertInstanceOf(EventReplay.Refused.class, EventReplay.of(log, quoted));
    assertEquals(reason, refused.reason(), refused.detail());
  }
}
