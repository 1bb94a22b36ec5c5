package org.cocoon.router.settlement;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.SettlementContract;
import org.junit.jupiter.api.Test;

class VoucherRulesTest {
  private static final ReceiptKey KEY = TestDevnet.key(5);
  private static final ReceiptKey OTHER = TestDevnet.key(6);
  private static final long NOW = 1_800_000_000L;
  private static final long END = NOW + 1_000;
  private static final TonAddress SOMEBODY = new TonAddress(new byte[32]);
  private static final SettlementTerms TERMS =
      new SettlementTerms(
          -3,
          new SettlementContract.Terms(SOMEBODY, SOMEBODY, OTHER.publicKey(), 60, new NanoTon(1)),
          50,
          100,
          100_000);
  private static final TonAddress CHANNEL = TERMS.channel(SOMEBODY, KEY.publicKey());

  private static Voucher signed(ReceiptKey key, int network, TonAddress channel, long end) {
    return Voucher.sign(key, network, channel, NanoTon.ofTon(1), end);
  }

  private static Optional<SettlementRefusal> wrong(Voucher voucher) {
    return VoucherRules.wrong(TERMS, CHANNEL, KEY.publicKey(), voucher, NOW)
        .map(VoucherOutcome.Refused::reason);
  }

  @Test
  void takesAGoodOne() {
    assertEquals(Optional.empty(), wrong(signed(KEY, -3, CHANNEL, END)));
    assertEquals(Optional.empty(), wrong(signed(KEY, -3, CHANNEL, NOW + 200)));
    assertEquals(Optional.empty(), wrong(signed(KEY, -3, CHANNEL, NOW + 100_000)));
  }

  @Test
  void refusesForeignNetworksAndChannels() {
    assertEquals(
        Optional.of(SettlementRefusal.OTHER_NETWORK), wrong(signed(KEY, -239, CHANNEL, END)));
    assertEquals(
        Optional.of(SettlementRefusal.OTHER_CONTRACT), wrong(signed(KEY, -3, SOMEBODY, END)));
  }

  @Test
  void refusesForgedOnes() {
    assertEquals(
        Optional.of(SettlementRefusal.BAD_SIGNATURE), wrong(signed(OTHER, -3, CHANNEL, END)));
    Voucher good = signed(KEY, -3, CHANNEL, END);
    assertEquals(
        Optional.of(SettlementRefusal.BAD_SIGNATURE),
        wrong(new Voucher(-3, CHANNEL, NanoTon.ofTon(2), END, good.signature())));
    assertEquals(
        Optional.of(SettlementRefusal.BAD_SIGNATURE),
        wrong(new Voucher(-3, CHANNEL, good.ceiling(), END + 1, good.signature())));
  }

  @Test
  void refusesASignatureOfAnotherKind() {
    Charge charge = Charge.sign(KEY, -3, CHANNEL, NanoTon.ofTon(1), END);
    assertEquals(
        Optional.of(SettlementRefusal.BAD_SIGNATURE),
        wrong(new Voucher(-3, CHANNEL, NanoTon.ofTon(1), END, charge.signature())));
  }

  @Test
  void refusesOnesThatEndTooSoonOrTooLate() {
    assertEquals(
        Optional.of(SettlementRefusal.EXPIRED), wrong(signed(KEY, -3, CHANNEL, NOW + 199)));
    assertEquals(Optional.of(SettlementRefusal.EXPIRED), wrong(signed(KEY, -3, CHANNEL, 1)));
    assertEquals(
        Optional.of(SettlementRefusal.ENDS_TOO_LATE),
        wrong(signed(KEY, -3, CHANNEL, NOW + 100_001)));
  }
}
