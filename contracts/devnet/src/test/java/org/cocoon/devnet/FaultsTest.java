package org.cocoon.devnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import org.cocoon.devnet.cell.Address;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Everything that can go wrong on demand, goes wrong as asked, and then right again. */
final class FaultsTest {
  private static final long GIVEN = 10_000_000_000L;
  private static final long SENT = 1_000_000_000L;
  private static final Address TO = Puppet.stranger(7);

  private static TestDevnet devnet;
  private static int number;

  private Puppet puppet = new Puppet(0);

  @BeforeAll
  static void start() {
    devnet = new TestDevnet(null, 10_000);
  }

  @AfterAll
  static void stop() {
    devnet.close();
  }

  @BeforeEach
  void fund() {
    devnet.faults();
    puppet = new Puppet(++number);
    devnet.give(puppet.address(), GIVEN);
  }

  private String message() {
    return puppet.send(TO, SENT, true, 5);
  }

  @Test
  void loseAnExternalMessageAsOftenAsTold() {
    devnet.faults("{\"where\":\"external\",\"effect\":\"lose\",\"count\":2}");
    assertEquals(200, devnet.send(message()));
    assertEquals(200, devnet.send(message()));
    assertEquals(1, devnet.transactions(puppet.address()), "only the faucet's");
    assertEquals(200, devnet.send(message()));
    assertTrue(devnet.transactions(puppet.address()) > 1);
  }

  @Test
  void loseByChanceIsTheSameForTheSameSeed() {
    String rule = "{\"where\":\"external\",\"effect\":\"lose\",\"probability\":0.5}";
    int[] arrived = new int[2];
    for (int round = 0; round < 2; round++) {
      int before = devnet.transactions(puppet.address());
      devnet.faults(rule);
      for (int i = 0; i < 12; i++) {
        devnet.send(puppet.send(TO, SENT / 100, false, i));
      }
      devnet.faults();
      arrived[round] = devnet.transactions(puppet.address()) - before;
    }
    assertEquals(arrived[0], arrived[1]);
    assertTrue(arrived[0] > 0 && arrived[0] < 12, "" + arrived[0]);
  }

  @Test
  void doubleAnExternalMessage() {
    devnet.faults("{\"where\":\"external\",\"effect\":\"double\"}");
    BigInteger before = devnet.balance(TO);
    devnet.send(puppet.send(TO, SENT, false, 5));
    BigInteger gained = devnet.balance(TO).subtract(before);
    assertTrue(gained.compareTo(BigInteger.valueOf(2 * SENT - 1_000_000)) > 0, gained.toString());
  }

  @Test
  void delayAnExternalMessageUntilItsTime() throws InterruptedException {
    devnet.faults("{\"where\":\"external\",\"effect\":\"delay\",\"delaySeconds\":100}");
    devnet.send(message());
    assertEquals(1, devnet.transactions(puppet.address()));
    devnet.faults();
    devnet.advance(101);
    TestDevnet.await("delivery", () -> devnet.transactions(puppet.address()) > 1);
  }

  @Test
  void loseAnInternalMessageToOneAccount() {
    devnet.faults(
        "{\"where\":\"internal\",\"effect\":\"lose\",\"destination\":\"%s\"}".formatted(TO));
    BigInteger before = devnet.balance(TO);
    devnet.send(puppet.send(TO, SENT, false, 5));
    assertEquals(before, devnet.balance(TO));
    Address other = Puppet.stranger(8);
    BigInteger others = devnet.balance(other);
    devnet.send(puppet.send(other, SENT, false, 5));
    assertNotEquals(others, devnet.balance(other));
  }

  @Test
  void delayAnInternalMessageByBlocks() throws InterruptedException {
    devnet.faults("{\"where\":\"internal\",\"effect\":\"delay\",\"delayBlocks\":2,\"count\":1}");
    BigInteger before = devnet.balance(TO);
    devnet.send(puppet.send(TO, SENT, false, 5));
    assertEquals(before, devnet.balance(TO));
    assertEquals(1, devnet.ask("/devnet/status", null).path("pending").asInt());
    devnet.give(Puppet.stranger(9), 1);
    devnet.give(Puppet.stranger(9), 1);
    TestDevnet.await("delivery", () -> devnet.balance(TO).compareTo(before) > 0);
    assertEquals(0, devnet.ask("/devnet/status", null).path("pending").asInt());
  }

  @Test
  void bounceAnInternalMessageWithItsValue() {
    devnet.faults("{\"where\":\"internal\",\"effect\":\"bounce\",\"count\":1}");
    BigInteger before = devnet.balance(TO);
    devnet.send(message());
    assertEquals(before, devnet.balance(TO));
    JsonNode back =
        devnet.ask("/api/v2/getTransactions?limit=1&address=" + puppet.address(), null).get(0);
    assertEquals(TO, Address.parse(back.path("in_msg").path("source").asText()));
    assertTrue(
        devnet.balance(puppet.address()).compareTo(BigInteger.valueOf(GIVEN - SENT / 10)) > 0);
  }

  @Test
  void refuseUntilTheTimeIsOver() {
    devnet.faults("{\"where\":\"api\",\"effect\":\"refuse\",\"seconds\":50}");
    assertEquals(503, devnet.exchange("/api/v2/getMasterchainInfo", null).statusCode());
    devnet.advance(51);
    assertEquals(200, devnet.exchange("/api/v2/getMasterchainInfo", null).statusCode());
  }

  @Test
  void answerFromAStaleHead() {
    long head = devnet.seqno();
    BigInteger before = devnet.balance(TO);
    devnet.faults("{\"where\":\"api\",\"effect\":\"stale\"}");
    devnet.send(message());
    assertEquals(head, devnet.seqno());
    assertEquals(before, devnet.balance(TO));
    assertEquals(1, devnet.transactions(puppet.address()));
    devnet.faults();
    assertTrue(devnet.seqno() > head);
    assertTrue(devnet.transactions(puppet.address()) > 1);
  }

  @Test
  void answerFromAForkWithOtherHashesAndOtherBalances() {
    BigInteger before = devnet.balance(TO);
    devnet.faults("{\"where\":\"api\",\"effect\":\"fork\"}");
    devnet.send(puppet.send(TO, SENT, false, 5));
    JsonNode forked = devnet.ask("/api/v2/getMasterchainInfo", null).path("last");
    assertEquals(before, devnet.balance(TO));
    devnet.faults();
    JsonNode real = devnet.ask("/api/v2/getMasterchainInfo", null).path("last");
    assertEquals(real.path("seqno"), forked.path("seqno"));
    assertNotEquals(real.path("root_hash"), forked.path("root_hash"));
    assertNotEquals(before, devnet.balance(TO));
  }

  @Test
  void freezeStopsBlocksAndThawingDelivers() {
    devnet.ask("/devnet/freeze", "{\"frozen\":true}");
    long head = devnet.seqno();
    assertEquals(200, devnet.send(message()));
    assertEquals(head, devnet.seqno());
    assertEquals(
        503,
        devnet
            .exchange("/devnet/faucet", "{\"address\":\"%s\",\"amount\":1}".formatted(TO))
            .statusCode());
    devnet.ask("/devnet/freeze", "{\"frozen\":false}");
    assertTrue(devnet.transactions(puppet.address()) > 1);
  }

  @Test
  void timeTravelsForwardAndBlocksKnow() {
    long before = devnet.ask("/devnet/status", null).path("now").asLong();
    devnet.advance(86_400);
    assertTrue(devnet.ask("/devnet/status", null).path("blockTime").asLong() >= before + 86_400);
    devnet.send(message());
    JsonNode last =
        devnet.ask("/api/v2/getTransactions?limit=1&address=" + puppet.address(), null).get(0);
    assertTrue(last.path("utime").asLong() >= before + 86_400);
  }
}
