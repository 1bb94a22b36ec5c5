package org.cocoon.link.evidence.eventlog;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.SharedEvidence;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.eventlog.EventReplay.Reason;
import org.junit.jupiter.api.Test;

/** The event log and quote of a real trust domain. */
final class RealEventLogTest {

  @Test
  void replayGivesTheQuotesRegisters() throws IOException {
    CcelTable table = CcelTable.parse(read("ccel_table.dat")).orElseThrow();
    byte[] log = read("ccel_data.dat");
    assertEquals(log.length, table.logBytes());
    EventReplay.Matches matches =
        assertInstanceOf(EventReplay.Matches.class, EventReplay.of(log, measurements()));
    assertEquals(43, matches.events().size());
    List<String> proven =
        matches.events().stream()
            .filter(EventReplay.Told::proven)
            .map(told -> new String(told.event().data(), UTF_8))
            .toList();
    assertTrue(proven.contains("grub_cmd: set default=2\0"), proven.toString());
    assertTrue(
        proven.stream().anyMatch(text -> text.startsWith("kernel_cmdline: /syslinux/vmlinuz.A")));
  }

  @Test
  void refusesAnEditedDigestAndEditedText() throws IOException {
    byte[] log = read("ccel_data.dat");
    log[0x60] ^= 1; // digest of the first event
    assertRefused(Reason.REGISTER_DIFFERS, log);
    byte[] text = read("ccel_data.dat");
    int at = indexOf(text, "Calling EFI Application");
    text[at] ^= 1;
    assertRefused(Reason.DATA_EDITED, text);
  }

  @Test
  void refusesEventsOfAnotherRegister() throws IOException {
    byte[] log = read("ccel_data.dat");
    ByteBuffer buffer = ByteBuffer.wrap(log).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(1, buffer.getInt(0x41));
    for (int register : new int[] {0, 5, -2}) {
      buffer.putInt(0x41, register);
      assertRefused(Reason.WRONG_REGISTER, log);
    }
    buffer.putInt(0x41, 2);
    assertRefused(Reason.REGISTER_DIFFERS, log);
  }

  @Test
  void refusesATableOfAnotherKindOrWithAWrongSum() throws IOException {
    byte[] table = read("ccel_table.dat");
    for (int at : new int[] {0, 4, 36, 40, 48}) {
      byte[] changed = table.clone();
      changed[at] ^= 1;
      assertEquals(Optional.empty(), CcelTable.parse(changed), "byte " + at);
    }
    assertEquals(Optional.empty(), CcelTable.parse(new byte[55]));
  }

  private static void assertRefused(Reason reason, byte[] log) throws IOException {
    EventReplay replay = EventReplay.of(log, measurements());
    EventReplay.Refused refused = assertInstanceOf(EventReplay.Refused.class, replay);
    assertEquals(reason, refused.reason(), refused.detail());
  }

  private static Measurements measurements() throws IOException {
    TdxQuote quote = TdxQuote.parse(read("cos-113-tdx-quote.dat"));
    return assertInstanceOf(TdxQuote.Parsed.class, quote).measurements();
  }

  private static int indexOf(byte[] bytes, String text) {
    return new String(bytes, ISO_8859_1).indexOf(text);
  }

  private static byte[] read(String name) throws IOException {
    return SharedEvidence.read("go-tdx-guest/ccel/" + name);
  }
}
