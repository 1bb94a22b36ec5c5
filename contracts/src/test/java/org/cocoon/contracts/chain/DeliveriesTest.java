package org.cocoon.contracts.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of a wallet's messages, also of those of which nothing is ever heard. */
final class DeliveriesTest {
  private static final int DEVNET = -31337;
  private static final TonAddress SHOP = TonAddress.parse("0:" + "77".repeat(32));
  private static final long VALID_UNTIL = 1_800_000_060L;
  private static final Duration HOUR = Duration.ofHours(1);

  private final FakeTimer timer = new FakeTimer();
  private final Wallet wallet = Wallet.of(ReceiptKey.ofSeed(new byte[32]), DEVNET);
  private final SignedExternal message =
      wallet.prepare(
          List.of(Outgoing.to(SHOP, NanoTon.ofTon(1), ChannelContract.finish(7))), 3, VALID_UNTIL);
  private final Cell body = bodyOf(message);
  private ScriptedNode node;
  private ToncenterChain chain;

  @BeforeEach
  void start() throws IOException {
    node = new ScriptedNode();
    chain =
        new ToncenterChain(
            new ToncenterChain.Options(
                DEVNET, List.of(node.uri()), Optional.empty(), 1_000, Duration.ofSeconds(20), 2),
            timer,
            new Random(1));
    node.data(wallet.address(), walletState(3));
    node.happen(wallet.address(), 10, Cell.EMPTY);
  }

  @AfterEach
  void stop() {
    chain.close();
    node.close();
  }

  @Test
  void findsAMessageThatArrivesLater() throws ChainException {
    AtomicInteger pauses = new AtomicInteger();
    timer.onSleep(
        () -> {
          if (pauses.incrementAndGet() == 5) {
            node.data(wallet.address(), walletState(4));
            node.happen(wallet.address(), 20, body);
            node.happen(wallet.address(), 30, Cell.EMPTY);
          }
        });
    Delivery.Arrived arrived =
        assertInstanceOf(
            Delivery.Arrived.class, new Deliveries(timer).await(chain, message, 10, HOUR));
    assertEquals(20, arrived.transaction().lt());
  }

  /** Also wrapped anew by somebody else: what counts is what was signed. */
  @Test
  void findsAMessageThatSomebodyElseWrapped() throws ChainException {
    Cell wrapped =
        new CellWriter()
            .uint(0b10, 2)
            .noAddress()
            .address(wallet.address())
            .coins(new NanoTon(5))
            .bit(false)
            .bit(true)
            .ref(body)
            .end();
    node.data(wallet.address(), walletState(4));
    node.happen(wallet.address(), 20, wrapped, List.of());
    assertInstanceOf(Delivery.Arrived.class, Wallet.find(chain, message, 0));
  }

  @Test
  void isNotSureBeforeTheTimeIsOverForCertain() throws ChainException {
    assertInstanceOf(Delivery.Pending.class, Wallet.find(chain, message, 10));
    node.seconds = VALID_UNTIL;
    assertInstanceOf(Delivery.Pending.class, Wallet.find(chain, message, 10));
    node.seconds = VALID_UNTIL + Deliveries.LATE_SECONDS;
    assertEquals(
        new Delivery.Expired(VALID_UNTIL + Deliveries.LATE_SECONDS),
        new Deliveries(timer).await(chain, message, 10, HOUR));
  }

  @Test
  void stopsWaitingWhenItsPatienceIsOver() throws ChainException {
    assertInstanceOf(Delivery.Pending.class, new Deliveries(timer).await(chain, message, 10, HOUR));
    assertTrue(timer.slept.size() > 100, "slept " + timer.slept.size() + " times");
  }

  @Test
  void knowsThatAnotherMessageTookItsPlace() throws ChainException {
    node.data(wallet.address(), walletState(4));
    node.happen(wallet.address(), 20, Cell.EMPTY);
    assertEquals(new Delivery.Superseded(4), Wallet.find(chain, message, 10));
  }

  @Test
  void waitsForAChainThatIsAway() throws ChainException {
    for (int i = 0; i < 40; i++) {
      node.faults.add(ScriptedNode.Fault.of(502, ""));
    }
    node.data(wallet.address(), walletState(4));
    node.happen(wallet.address(), 20, body);
    assertInstanceOf(Delivery.Arrived.class, new Deliveries(timer).await(chain, message, 10, HOUR));
  }

  @Test
  void followsWhatAMessageCaused() throws ChainException {
    Cell paid = internal(wallet.address(), SHOP, 21, false);
    node.happen(
        wallet.address(),
        20,
        Messages.external(wallet.address(), Optional.empty(), body),
        List.of(paid));
    Delivery.Arrived arrived =
        assertInstanceOf(Delivery.Arrived.class, Wallet.find(chain, message, 10));
    Trace open = new Deliveries(timer).trace(chain, arrived.transaction(), Duration.ofSeconds(9));
    assertFalse(open.isComplete());
    assertFalse(open.succeeded());
    timer.onSleep(() -> node.happen(SHOP, 25 + timer.slept.size(), paid, List.of()));
    Trace whole = new Deliveries(timer).trace(chain, arrived.transaction(), HOUR);
    assertTrue(whole.isComplete());
    assertTrue(whole.succeeded());
  }

  @Test
  void seesThatAMessageCameBack() throws ChainException {
    Cell paid = internal(wallet.address(), SHOP, 21, false);
    Cell back = internal(SHOP, wallet.address(), 26, true);
    node.happen(
        wallet.address(),
        20,
        Messages.external(wallet.address(), Optional.empty(), body),
        List.of(paid));
    node.happen(SHOP, 25, paid, List.of(back));
    node.happen(wallet.address(), 30, back, List.of());
    Delivery.Arrived arrived =
        assertInstanceOf(Delivery.Arrived.class, Wallet.find(chain, message, 10));
    Trace trace = new Deliveries(timer).trace(chain, arrived.transaction(), HOUR);
    assertTrue(trace.isComplete());
    assertFalse(trace.succeeded());
  }

  private static Cell walletState(long seqno) {
    return new CellWriter().bit(true).uint(seqno, 32).int32(1).bytes(new byte[32]).bit(false).end();
  }

  private static Cell internal(TonAddress from, TonAddress to, long createdLt, boolean bounced) {
    return new CellWriter()
        .bit(false)
        .bit(true)
        .bit(!bounced)
        .bit(bounced)
        .address(from)
        .address(to)
        .coins(NanoTon.ofTon(1))
        .bit(false)
        .coins(NanoTon.ZERO)
        .coins(NanoTon.ZERO)
        .uint(createdLt, 64)
        .uint(0, 32)
        .bit(false)
        .bit(false)
        .end();
  }

  private static Cell bodyOf(SignedExternal message) {
    return Messages.parse(Cell.fromBoc(message.boc())).body();
  }
}
