package org.cocoon.router.edge;

import io.vertx.core.Future;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.router.ledger.AccountBook;
import org.cocoon.router.ledger.Accounts;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.ledger.LedgerException;
import org.cocoon.router.settlement.AccountView;
import org.cocoon.router.settlement.ChallengeOutcome;
import org.cocoon.router.settlement.ChannelOutcome;
import org.cocoon.router.settlement.PayeeView;
import org.cocoon.router.settlement.Settlement;
import org.cocoon.router.settlement.SettlementRefusal;
import org.cocoon.router.settlement.SettlementTerms;
import org.cocoon.router.settlement.VoucherOutcome;
import org.cocoon.router.settlement.Withdrawal;
import org.cocoon.router.settlement.WithdrawalOutcome;
import org.jspecify.annotations.Nullable;

/** Books and a settlement in memory: one channel for each account, vouchers checked as they are. */
final class MemoryMoney implements AccountBook, Settlement {
  static final int NETWORK = -31337;
  static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
  static final ReceiptKey ROUTER = ReceiptKey.ofSeed(new byte[32]);
  static final TonAddress REGISTRY = new TonAddress(filled(0x51));
  static final TonAddress OWNER = new TonAddress(filled(0x52));
  static final SettlementTerms TERMS =
      new SettlementTerms(
          NETWORK,
          new SettlementContract.Terms(
              REGISTRY, OWNER, ROUTER.publicKey(), 86_400, NanoTon.ofTon(10)),
          50,
          3_600,
          31_536_000);

  /** A channel of an account. */
  static final class Chan {
    final TonAddress owner;
    final byte[] key;
    Voucher best;

    Chan(TonAddress owner, byte[] key, Voucher best) {
      this.owner = owner;
      this.key = key;
      this.best = best;
    }
  }

  record Held(long id, long account, String name, boolean revoked) {}

  final Map<String, Account> accounts = new HashMap<>();
  final Map<Long, Chan> channels = new HashMap<>();
  final Map<String, Held> keys = new HashMap<>();
  final List<Withdrawal> withdrawals = new ArrayList<>();
  final List<Voucher> vouchers = new ArrayList<>();
  NanoTon deposited = NanoTon.ZERO;
  @Nullable WithdrawalOutcome next;
  List<Spent> spent = List.of();
  @Nullable String asked;
  boolean away;

  static byte[] filled(int value) {
    byte[] bytes = new byte[32];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  Money money() {
    return new Money(
        this,
        this,
        new ChainPlaces(
            List.of(java.net.URI.create("http://127.0.0.1:8081/api/v2")),
            "http://e/{address}",
            "http://e/{hash}"),
        InstantSource.fixed(NOW));
  }

  private <T> Future<T> answer(T value) {
    return away ? Future.failedFuture(new LedgerException("away")) : Future.succeededFuture(value);
  }

  // ------------------------------------------------------------------ the books

  @Override
  public Future<Account> open(String name) {
    return answer(accounts.computeIfAbsent(name, n -> new Account(100 + accounts.size(), n, 0)));
  }

  @Override
  public Future<Accounts.Standing> standing(Account account) {
    return answer(
        new Accounts.Standing(
            new NanoTon(1_000),
            new NanoTon(300),
            new NanoTon(50),
            new NanoTon(650),
            new NanoTon(100)));
  }

  @Override
  public Future<List<Spent>> spending(Account account, By by, Instant since, Instant until) {
    asked = account.id() + " " + by + " " + since + " " + until;
    return answer(spent);
  }

  @Override
  public Future<List<Accounts.Key>> keys(Account account) {
    return answer(
        keys.values().stream()
            .filter(key -> key.account == account.id())
            .map(key -> new Accounts.Key(key.id, key.name, NOW, key.revoked))
            .toList());
  }

  @Override
  public Future<KeyOutcome> issue(Account account, String name) {
    return name.equals("one too many")
        ? answer(new KeyOutcome.TooMany())
        : answer(add(account, "made here " + keys.size(), name, "ck_new"));
  }

  @Override
  public Future<KeyOutcome> grant(Account account, byte[] keyHash, String name) {
    String hash = HexFormat.of().formatHex(keyHash);
    Held known = keys.get(hash);
    if (known != null) {
      return answer(
          known.account != account.id()
              ? new KeyOutcome.Taken()
              : known.revoked ? new KeyOutcome.Revoked() : new KeyOutcome.Made(known.id, ""));
    }
    return answer(add(account, hash, name, ""));
  }

  private KeyOutcome add(Account account, String hash, String name, String key) {
    long id = keys.size() + 1L;
    keys.put(hash, new Held(id, account.id(), name, false));
    return new KeyOutcome.Made(id, key);
  }

  @Override
  public Future<Boolean> revoke(Account account, long keyId) {
    for (Map.Entry<String, Held> each : keys.entrySet()) {
      Held key = each.getValue();
      if (key.id == keyId && key.account == account.id()) {
        each.setValue(new Held(key.id, key.account, key.name, true));
        return answer(true);
      }
    }
    return answer(false);
  }

  // ------------------------------------------------------------------ the settlement

  @Override
  public Optional<SettlementTerms> terms() {
    return Optional.of(TERMS);
  }

  @Override
  public Future<AccountView> view(Account account) {
    return answer(
        new AccountView(
            Optional.of(TERMS),
            TERMS.comment(account.id()),
            new NanoTon(28_000_000),
            new NanoTon(500),
            new NanoTon(400),
            Optional.ofNullable(channels.get(account.id())).map(this::channel)));
  }

  private AccountView.Channel channel(Chan chan) {
    return new AccountView.Channel(
        TERMS.channel(chan.owner, chan.key),
        chan.owner,
        chan.key,
        ChannelContract.Status.OPEN,
        deposited,
        new NanoTon(1),
        new NanoTon(2),
        new NanoTon(3),
        4,
        chan.best.ceiling(),
        chan.best.expires(),
        NanoTon.min(chan.best.ceiling(), deposited),
        new NanoTon(5),
        new NanoTon(6),
        Optional.empty());
  }

  @Override
  public Future<ChannelOutcome> openChannel(
      Account account, TonAddress owner, byte[] voucherKey, Voucher first) {
    TonAddress address = TERMS.channel(owner, voucherKey);
    if (!first.isFor(NETWORK, address, NOW.getEpochSecond())) {
      return answer(
          new ChannelOutcome.Refused(SettlementRefusal.OTHER_CONTRACT, "Not for this channel."));
    }
    channels.putIfAbsent(account.id(), new Chan(owner, voucherKey, first));
    return answer(new ChannelOutcome.Opened(address, NanoTon.ZERO));
  }

  @Override
  public Future<VoucherOutcome> submitVoucher(Account account, Voucher voucher) {
    Chan chan = channels.get(account.id());
    if (chan == null) {
      return answer(
          new VoucherOutcome.Refused(SettlementRefusal.NO_CHANNEL, "You have no channel."));
    }
    if (!voucher.isSignedBy(chan.key)) {
      return answer(
          new VoucherOutcome.Refused(SettlementRefusal.BAD_SIGNATURE, "Another key signed it."));
    }
    vouchers.add(voucher);
    if (voucher.ceiling().compareTo(chan.best.ceiling()) < 0) {
      return answer(new VoucherOutcome.Superseded(chan.best.ceiling(), chan.best.expires()));
    }
    chan.best = voucher;
    return answer(new VoucherOutcome.Accepted(voucher.ceiling()));
  }

  @Override
  public Future<WithdrawalOutcome> withdraw(Account account, Withdrawal request) {
    withdrawals.add(request);
    WithdrawalOutcome outcome = next;
    if (outcome == null) {
      throw new AssertionError("nobody said what becomes of " + request);
    }
    return answer(outcome);
  }

  @Override
  public Future<PayeeView> payee(TonAddress address) {
    return answer(
        new PayeeView(
            new NanoTon(30),
            new NanoTon(20),
            new NanoTon(10),
            2,
            1_800_000_000,
            List.of(
                new PayeeView.Payment(
                    new NanoTon(10), 1, 1_700_000_000, "ab".repeat(32), 47_000_000_000_001L))));
  }

  @Override
  public Future<Boolean> assignPrepayment(String transaction, Account account) {
    return answer(false);
  }

  @Override
  public Future<ChallengeOutcome> challenge(Commitment shown) {
    return answer(new ChallengeOutcome.Same());
  }
}
