package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One endpoint, in all the ways in which it can be wrong. */
final class ToncenterEndpointTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final byte[] DATA =
      TestCell.registry(3, 9, TestCell.snake("{}".getBytes(UTF_8)), List.of(), List.of()).bag();

  private final ScriptedChain chain = new ScriptedChain();

  ToncenterEndpointTest() throws IOException {}

  @AfterEach
  void stop() {
    chain.close();
  }

  private RegistryState read() throws IOException {
    try (ToncenterEndpoint endpoint =
        new ToncenterEndpoint(chain.uri(), ScriptedChain.ADDRESS, TIMEOUT)) {
      return endpoint.read();
    }
  }

  private void refuses(String words) {
    String message = String.valueOf(assertThrows(IOException.class, this::read).getMessage());
    assertTrue(message.startsWith(chain.uri() + ": "), message);
    assertTrue(message.contains(words), message);
  }

  @Test
  void readsAnAccount() throws IOException {
    chain.says(200, ScriptedChain.account(DATA, 1_800_000_000L));
    RegistryState state = read();
    assertEquals(3, state.version());
    assertEquals("{}", state.document().toStringUtf8());
    assertEquals(Instant.ofEpochSecond(1_800_000_000L), state.asOf());
  }

  @Test
  void refusesAnythingElse() {
    String good = ScriptedChain.account(DATA, 1_800_000_000L);
    chain.says(500, good);
    refuses("status 500");
    chain.says(200, good.replace("\"ok\": true", "\"ok\": false"));
    refuses("cannot say");
    chain.says(200, "{\"ok\": true, \"result\": \"no\"}");
    refuses("cannot say");
    chain.says(200, good.substring(0, good.length() / 2));
    refuses("not JSON");
    chain.says(200, "<html>");
    refuses("not JSON");
    chain.says(200, "[]");
    refuses("not that of getAddressInformation");
    chain.says(200, good.replace("sync_utime", "time"));
    refuses("not that of getAddressInformation");
    chain.says(200, good.replace("1800000000,", "99999999999,"));
    refuses("not that of getAddressInformation");
    chain.says(200, good.replace("\"data\": ", "\"data\": 1, \"data\": "));
    refuses("not JSON");
    chain.says(200, good.replace(Base64.getEncoder().encodeToString(DATA), "!"));
    refuses("base64");
    chain.says(200, good.replace(Base64.getEncoder().encodeToString(DATA), ""));
    refuses("there is no registry at " + ScriptedChain.ADDRESS);
    chain.says(200, "{\"a\": ".repeat(100) + "1" + "}".repeat(100));
    refuses("not JSON");
    chain.says(200, " ".repeat(ToncenterEndpoint.MAX_BODY_BYTES + 1));
    refuses("");
  }

  @Test
  void waitsNoLongerThanItsTimeout() throws IOException {
    try (ServerSocket silent = new ServerSocket(0);
        ToncenterEndpoint endpoint =
            new ToncenterEndpoint(
                URI.create("http://127.0.0.1:" + silent.getLocalPort() + "/api/v2"),
                ScriptedChain.ADDRESS,
                Duration.ofMillis(200))) {
      assertThrows(IOException.class, endpoint::read);
    }
  }

  @Test
  void anEndpointIsHttpsOrThisMachineAndHasOneSpelling() {
    assertEquals(
        URI.create("https://toncenter.example/api/v2"),
        ToncenterEndpoint.base(URI.create("https://toncenter.example/")));
    assertEquals(
        URI.create("https://toncenter.example/api/v2"),
        ToncenterEndpoint.base(URI.create("https://toncenter.example/api/v2/")));
    assertEquals(
        URI.create("http://127.0.0.1:1/api/v2"),
        ToncenterEndpoint.base(URI.create("http://127.0.0.1:1")));
    for (String wrong :
        List.of(
            "http://toncenter.example",
            "https://user@toncenter.example",
            "https://toncenter.example?a=b",
            "https://toncenter.example#a",
            "ftp://127.0.0.1",
            "toncenter.example")) {
      assertThrows(
          IllegalArgumentException.class, () -> ToncenterEndpoint.base(URI.create(wrong)), wrong);
    }
  }

  @Test
  void anAddressIsRawOrHasItsChecksum() {
    String raw = "0:" + "ab".repeat(32);
    assertEquals(raw, RegistryAddress.parse(raw.replace("ab", "AB")).raw());
    // As @ton/core writes it, and with one character mistyped.
    String friendly = "EQCrq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq8Uk";
    assertEquals(raw, RegistryAddress.parse(friendly).raw());
    for (String wrong :
        List.of("", "0:12", "1:" + "ab".repeat(32), friendly.replace("8Uk", "8Ul"), "x")) {
      assertThrows(IllegalArgumentException.class, () -> RegistryAddress.parse(wrong), wrong);
    }
  }
}
