package org.cocoon.router.settlement;

import static org.cocoon.router.ledger.LedgerCheck.Line.atMost;
import static org.cocoon.router.ledger.LedgerCheck.Line.equal;

import java.io.IOException;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.router.ledger.DatabaseUrl;
import org.cocoon.router.ledger.LedgerCheck.ChainSide;
import org.cocoon.router.ledger.LedgerCheck.Line;

/**
 * Compares a ledger with the chain: what each contract says of itself with the books, and each
 * balance with all transactions that were booked since the account began: in - out - fees, to the
 * nanoTON.
 *
 * <p>A router may settle meanwhile; each account is compared at a moment at which the ledger has
 * followed it to its newest transaction, which is waited for.
 */
public final class ChainCheck implements ChainSide {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long LOOK_MILLIS = 250;

  private final Chain chain;

  /** Compares with this chain. */
  public ChainCheck(Chain chain) {
    this.chain = chain;
  }

  @Override
  public List<Line> compare(DatabaseUrl ledger) throws IOException {
    try (Transactions transactions = Transactions.pool(ledger, 1)) {
      Optional<SettlementTerms> terms = transactions.run(ChainStore::read);
      if (terms.isEmpty()) {
        return List.of();
      }
      return new Comparison(terms.get(), transactions).run();
    } catch (SQLException e) {
      throw new IOException("the ledger at " + ledger + " cannot be read: " + e.getMessage(), e);
    } catch (ChainException e) {
      throw new IOException("the chain cannot be asked: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** One run. */
  private final class Comparison {
    private final SettlementTerms terms;
    private final Transactions transactions;
    private final ChainStore store;
    private final ChannelStore channels;
    private final List<Line> lines = new ArrayList<>();

    Comparison(SettlementTerms terms, Transactions transactions) {
      this.terms = terms;
      this.transactions = transactions;
      this.store = new ChainStore(terms);
      this.channels = new ChannelStore(terms);
    }

    List<Line> run() throws SQLException, ChainException, InterruptedException {
      contract();
      for (Channel channel : transactions.run(channels::all)) {
        channel(channel);
      }
      follow(terms.contract().owner(), "operator's wallet", connection -> Optional.empty());
      transactions.run(
          connection -> {
            sums(connection);
            return true;
          });
      return lines;
    }

    private void contract() throws SQLException, ChainException, InterruptedException {
      String name = "settlement " + terms.address();
      follow(
          terms.address(),
          name,
          connection -> {
            ContractBooks books = store.books(connection);
            return Optional.of(
                () -> {
                  SettlementContract.State said =
                      SettlementContract.read(chain, terms.address()).orElse(null);
                  if (said == null) {
                    return;
                  }
                  lines.add(equal("stake", name, number(books.stake()), nanos(said.stake())));
                  lines.add(
                      equal("collected", name, number(books.collected()), nanos(said.collected())));
                  lines.add(equal("paid", name, number(books.paid()), nanos(said.paid())));
                  lines.add(equal("epoch", name, number(books.epoch()), number(said.epoch())));
                  lines.add(
                      equal(
                          "open channels",
                          name,
                          number(books.openChannels()),
                          number(said.openChannels())));
                  lines.add(
                      equal(
                          "statement of the epoch",
                          name,
                          new BigInteger(1, books.statementHash()),
                          new BigInteger(1, said.statementHash())));
                  lines.add(
                      atMost(
                          "earned <= collected",
                          name,
                          nanos(said.collected()),
                          nanos(said.earned())));
                  lines.add(
                      atMost(
                          "liabilities <= balance",
                          name,
                          nanos(chain.account(terms.address()).balance()),
                          nanos(said.liabilities())));
                });
          });
    }

    private void channel(Channel channel)
        throws SQLException, ChainException, InterruptedException {
      String name = "channel " + channel.address();
      follow(
          channel.address(),
          name,
          connection -> {
            Channel now = channels.at(connection, channel.address()).orElseThrow();
            return Optional.of(
                () -> {
                  Optional<ChannelContract.State> said =
                      ChannelContract.read(chain, channel.address());
                  if (said.isEmpty()) {
                    return; // registered, and no deposit yet
                  }
                  ChannelBooks books = now.books();
                  lines.add(
                      equal(
                          "deposited",
                          name,
                          number(books.deposited()),
                          nanos(said.get().deposited())));
                  lines.add(
                      equal("claimed", name, number(books.claimed()), nanos(said.get().claimed())));
                  lines.add(
                      equal(
                          "withdrawn",
                          name,
                          number(books.withdrawn()),
                          nanos(said.get().withdrawn())));
                  lines.add(
                      atMost(
                          "claimed <= voucher",
                          name,
                          nanos(now.voucher().ceiling()),
                          nanos(said.get().claimed())));
                });
          });
    }

    /** What the books say, and then what the chain says of the same moment. */
    private interface Side {
      void compare() throws ChainException;
    }

    /** Waits until the ledger has an account's newest transaction, and compares then. */
    private void follow(TonAddress address, String name, Transactions.Work<Optional<Side>> books)
        throws SQLException, ChainException, InterruptedException {
      long until = System.nanoTime() + PATIENCE.toNanos();
      while (true) {
        int before = lines.size();
        AccountState account = chain.account(address);
        ChainStore.Cursor cursor = transactions.run(c -> store.cursor(c, address));
        boolean late = System.nanoTime() > until;
        if (cursor.lt() == account.lastLt() || late) {
          Optional<Side> side = transactions.run(books);
          if (side.isPresent()) {
            side.get().compare();
          }
          if (late || chain.account(address).lastLt() == cursor.lt()) {
            lines.add(
                equal(
                    "followed to the newest transaction",
                    name,
                    number(account.lastLt()),
                    number(cursor.lt())));
            lines.add(
                equal(
                    "in - out - fees = balance",
                    name,
                    cursor.balance().toBigIntegerExact(),
                    nanos(account.balance())));
            return;
          }
          lines.subList(before, lines.size()).clear(); // something happened meanwhile
        }
        Thread.sleep(LOOK_MILLIS);
      }
    }

    private void sums(Connection connection) throws SQLException {
      add(
          connection,
          "collected = claims + prepayments",
          "SELECT collected_nanoton FROM settlement_books",
          "SELECT (SELECT coalesce(sum(collected_nanoton), 0) FROM channels)"
              + " + (SELECT coalesce(sum(amount_nanoton), 0) FROM prepayments)");
      add(
          connection,
          "paid = payouts",
          "SELECT paid_nanoton FROM settlement_books",
          "SELECT coalesce(sum(amount_nanoton), 0) FROM payouts");
      add(
          connection,
          "assigned prepayments = prepaid credit",
          "SELECT coalesce(sum(amount_nanoton), 0) FROM prepayments WHERE account_id IS NOT NULL",
          "SELECT coalesce(sum(amount_nanoton), 0) FROM deposits WHERE kind = 'prepaid'");
      add(
          connection,
          "credit of channels",
          "SELECT coalesce(sum(credited_nanoton), 0) FROM channels",
          "SELECT coalesce(sum(amount_nanoton), 0) FROM deposits WHERE kind = 'channel'");
      add(
          connection,
          "withdrawals of channels",
          "SELECT coalesce(sum(debited_nanoton), 0) FROM channels",
          "SELECT coalesce(sum(amount_nanoton), 0) FROM withdrawals WHERE kind = 'channel'");
      lines.addAll(
          Sql.list(
              connection,
              "SELECT encode(hash, 'hex'), amount_nanoton FROM prepayments"
                  + " WHERE account_id IS NULL ORDER BY lt LIMIT 100",
              row ->
                  atMost(
                      "prepaid by nobody known: assign it",
                      "transaction " + row.getString(1),
                      number(row.getLong(2)),
                      number(row.getLong(2)))));
      ChainStore.halted(connection)
          .ifPresent(
              reason -> lines.add(equal("settles", reason, BigInteger.ONE, BigInteger.ZERO)));
    }

    private void add(Connection connection, String rule, String expected, String actual)
        throws SQLException {
      lines.add(equal(rule, "ledger", sum(connection, expected), sum(connection, actual)));
    }
  }

  private static BigInteger sum(Connection connection, String sql) throws SQLException {
    return Sql.first(connection, sql, row -> row.getBigDecimal(1).toBigIntegerExact())
        .orElseThrow();
  }

  private static BigInteger number(long value) {
    return BigInteger.valueOf(value);
  }

  private static BigInteger nanos(NanoTon amount) {
    return BigInteger.valueOf(amount.nanos());
  }
}
