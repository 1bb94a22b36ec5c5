package org.cocoon.client.account;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.cocoon.client.Json;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainMessage;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ContractMessage;
import org.cocoon.contracts.chain.SettlementContract;

/** What routers committed to, as a worker kept it, and what the chain shows of it. */
final class Earnings {
  private static final int MAX_BYTES = 1 << 16;
  private static final int MAX_TRANSACTIONS = 10_000;

  private Earnings() {}

  /**
   * A worker's file about one settlement contract.
   *
   * @param network TON's global id
   * @param settlement contract
   * @param payee who is paid
   * @param epoch of the newest commitment that was kept
   * @param earned in all, by that commitment
   * @param index of the payee's leaf
   */
  record Statement(
      int network, TonAddress settlement, TonAddress payee, long epoch, NanoTon earned, int index) {

    /** Reads one. */
    static Statement read(Path file) throws IOException {
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException(file + " is too long for a statement");
      }
      byte[] bytes = Files.readAllBytes(file);
      try {
        Json json = Json.parse(bytes, bytes.length);
        return new Statement(
            Math.toIntExact(json.at("network").whole().orElseThrow()),
            TonAddress.parse(json.at("settlement").text("")),
            TonAddress.parse(json.at("payee").text("")),
            json.at("epoch").whole().orElseThrow(),
            new NanoTon(json.at("earned").whole().orElseThrow()),
            Math.toIntExact(json.at("index").whole().orElseThrow()));
      } catch (IllegalArgumentException | ArithmeticException | NoSuchElementException e) {
        throw new IOException(file + " is no statement of a worker: " + e.getMessage(), e);
      }
    }
  }

  /**
   * A payment that the chain shows.
   *
   * @param amount that came
   * @param epoch by which it was proved
   * @param seconds when, since 1970
   * @param transaction of the payee's account, 64 hexadecimal digits
   */
  record Payout(NanoTon amount, long epoch, long seconds, String transaction) {
    String link(String explorer) {
      return explorer.isEmpty() ? transaction : explorer.replace("{hash}", transaction);
    }
  }

  /**
   * One router's.
   *
   * @param statement that was kept
   * @param paid by the contract; empty where no chain was asked
   * @param payouts the newest first
   */
  record Router(Statement statement, Optional<NanoTon> paid, List<Payout> payouts) {
    void write(JsonGenerator out, String explorer) throws IOException {
      out.writeStartObject();
      out.writeNumberField("network_id", statement.network);
      out.writeStringField("settlement", statement.settlement.toString());
      out.writeStringField("payee", statement.payee.toString());
      out.writeNumberField("epoch", statement.epoch);
      out.writeNumberField("committed_nanoton", statement.earned.nanos());
      if (paid.isPresent()) {
        out.writeNumberField("paid_nanoton", paid.get().nanos());
      }
      out.writeArrayFieldStart("payouts");
      for (Payout payout : payouts) {
        out.writeStartObject();
        out.writeNumberField("amount_nanoton", payout.amount.nanos());
        out.writeNumberField("epoch", payout.epoch);
        out.writeNumberField("seconds", payout.seconds);
        out.writeStringField("transaction", payout.transaction);
        out.writeStringField("link", payout.link(explorer));
        out.writeEndObject();
      }
      out.writeEndArray();
      out.writeEndObject();
    }
  }

  /** Looks what was paid: the contract's own figure, and the payments that reached the payee. */
  static Router onChain(Chain chain, Statement statement) throws ChainException {
    Optional<NanoTon> paid =
        SettlementContract.paid(chain, statement.settlement, statement.index)
            .filter(entry -> entry.isFor(statement.payee))
            .map(SettlementContract.Paid::paid);
    List<Payout> payouts = new ArrayList<>();
    for (ChainTransaction transaction : chain.transactions(statement.payee, 0, MAX_TRANSACTIONS)) {
      Optional<ChainMessage> in = transaction.in();
      if (in.isPresent()
          && in.get().source().equals(Optional.of(statement.settlement))
          && in.get().content() instanceof ContractMessage.Earned(long query, long epoch)) {
        payouts.addFirst(
            new Payout(in.get().value(), epoch, transaction.seconds(), transaction.hashText()));
      }
    }
    return new Router(statement, paid, List.copyOf(payouts));
  }
}
