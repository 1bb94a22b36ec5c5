package org.cocoon.link.evidence.collateral;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.cocoon.link.evidence.collateral.TestCollateral.FAMILY;
import static org.cocoon.link.evidence.collateral.TestCollateral.FMSPC;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.simulated.LocalPccs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
final class PccsSourceTest {
  private static final Duration PATIENT = Duration.ofSeconds(20);
  private static final Duration IMPATIENT = Duration.ofMillis(200);

  private final LocalPccs server;

  PccsSourceTest() throws IOException {
    server = new LocalPccs(0);
    server.serve(FMSPC, CaType.PLATFORM, new TestCollateral().build());
  }

  @AfterEach
  void close() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void takesEveryPartByteForByte(boolean hexLists) throws IOException {
    server.useHexLists(hexLists);
    try (PccsSource source = new PccsSource(server.base(), Optional.empty(), PATIENT)) {
      assertSame(new TestCollateral().build(), source.fetch(FAMILY));
    }
    assertEquals(4, server.requests());
  }

  @Test
  void asksForTheAuthorityOfThePlatform() throws IOException {
    server.serve(FMSPC, CaType.PROCESSOR, new TestCollateral().build(CaType.PROCESSOR));
    try (PccsSource source = new PccsSource(server.base(), Optional.empty(), PATIENT)) {
      for (CaType ca : CaType.values()) {
        Collateral fetched = source.fetch(new PlatformName(FMSPC, ca));
        assertEquals(ca, Edition.of(fetched).family().ca());
      }
    }
  }

  @Test
  void takesTheRootsListFromElsewhereWhereTheServerHasNone() throws IOException {
    try (LocalPccs other = new LocalPccs(0)) {
      Collateral elsewhere = new TestCollateral().crlNumber(99).build();
      other.serve(FMSPC, CaType.PLATFORM, elsewhere);
      URI list = URI.create(other.base() + "/sgx/certification/v4/rootcacrl");
      try (PccsSource source = new PccsSource(server.base(), Optional.of(list), PATIENT)) {
        assertArrayEquals(elsewhere.rootCaCrl(), source.fetch(FAMILY).rootCaCrl());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = LocalPccs.Fault.class,
      names = {"STALL", "GARBAGE", "ENDLESS", "BROKEN"})
  void refusesWhatAMisbehavingServerSends(LocalPccs.Fault fault) {
    server.use(fault);
    Duration timeout = fault == LocalPccs.Fault.STALL ? IMPATIENT : PATIENT;
    try (PccsSource source = new PccsSource(server.base(), Optional.empty(), timeout)) {
      IOException refused = assertThrows(IOException.class, () -> source.fetch(FAMILY));
      String expected =
          switch (fault) {
            case STALL -> "no whole answer within 200 ms";
            case GARBAGE -> "it must be a JSON object";
            case ENDLESS -> "exceeds capacity: 1048576";
            case BROKEN -> "it answered with status 500";
            case NONE, WRONG_PLATFORM -> throw new IllegalArgumentException();
          };
      assertTrue(String.valueOf(refused.getMessage()).contains(expected), refused.toString());
      assertTrue(String.valueOf(refused.getMessage()).startsWith(server.base() + "/tdx/"));
    }
    // One that gave up while it still connected has asked nothing.
    int least = fault == LocalPccs.Fault.STALL ? 0 : 1;
    assertTrue(server.requests() >= least && server.requests() <= 1);
  }

  @Test
  void saysThatNothingListens() {
    server.close();
    try (PccsSource source = new PccsSource(server.base(), Optional.empty(), PATIENT)) {
      IOException refused = assertThrows(IOException.class, () -> source.fetch(FAMILY));
      assertTrue(String.valueOf(refused.getMessage()).contains("ConnectException"));
    }
  }

  @Test
  void takesOnlyHttpsOrThisMachine() throws IOException {
    for (String right :
        List.of("https://pccs.example:8081", "http://127.0.0.1:1", "http://[::1]:1/")) {
      new PccsSource(URI.create(right), Optional.empty(), PATIENT).close();
    }
    for (String wrong :
        List.of(
            "http://pccs.example",
            "http://192.0.2.1",
            "http://127.0.0.1.example",
            "https://user@pccs.example",
            "https://pccs.example/?a=b",
            "ftp://127.0.0.1",
            "file:///etc",
            "pccs.example")) {
      URI address = URI.create(wrong);
      assertThrows(
          IllegalArgumentException.class,
          () -> new PccsSource(address, Optional.empty(), PATIENT),
          wrong);
    }
  }

  @Test
  void knowsAnAddressAsIntelsConfigurationFilesHaveIt() throws IOException {
    URI base = URI.create(server.base() + "/sgx/certification/v4/");
    try (PccsSource source = new PccsSource(base, Optional.empty(), PATIENT)) {
      assertSame(new TestCollateral().build(), source.fetch(FAMILY));
    }
  }

  static void assertSame(Collateral expected, Collateral actual) {
    assertEquals(new String(expected.toJson(), UTF_8), new String(actual.toJson(), UTF_8));
  }
}
