package org.cocoon.router.settlement;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChannelContract.Status;

/**
 * A row of the table of channels.
 *
 * @param accountId whose it is
 * @param address of the contract
 * @param owner of it
 * @param voucherKey Ed25519, 32 bytes
 * @param books as far as the chain was followed
 * @param collected of its claims, as far as they arrived, in nanoTON
 * @param voucher the best one
 * @param released the most that may have been withdrawn with the router's leave, in nanoTON
 * @param closing whether leave to close was asked for
 * @param credited to the account, cumulative, in nanoTON
 * @param debited from it, likewise
 */
record Channel(
    long accountId,
    TonAddress address,
    TonAddress owner,
    byte[] voucherKey,
    ChannelBooks books,
    long collected,
    Voucher voucher,
    long released,
    boolean closing,
    long credited,
    long debited) {

  static Channel read(ResultSet row, int networkId) throws SQLException {
    TonAddress address = Sql.address(row, "address");
    return new Channel(
        row.getLong("account_id"),
        address,
        Sql.address(row, "owner"),
        row.getBytes("voucher_key"),
        new ChannelBooks(
            Status.of(row.getInt("status")),
            row.getLong("deposited_nanoton"),
            row.getLong("claimed_nanoton"),
            row.getLong("withdrawn_nanoton"),
            row.getLong("pending_nanoton"),
            row.getLong("unlock_at")),
        row.getLong("collected_nanoton"),
        new Voucher(
            networkId,
            address,
            new NanoTon(row.getLong("ceiling_nanoton")),
            row.getLong("voucher_expires"),
            row.getBytes("voucher_signature")),
        row.getLong("released_nanoton"),
        row.getBoolean("closing"),
        row.getLong("credited_nanoton"),
        row.getLong("debited_nanoton"));
  }

  /** What it gave, less what was taken back. */
  long given() {
    return credited - debited;
  }

  /** What it should give, as {@link ChannelCredit#target}. */
  long target(long nowSeconds, long marginSeconds) {
    return credit(ChannelCredit.AccountFunds.NOTHING).target(nowSeconds, marginSeconds);
  }

  /** What it gives, with the account's side. */
  ChannelCredit credit(ChannelCredit.AccountFunds account) {
    return new ChannelCredit(
        books, released, closing, voucher.ceiling().nanos(), voucher.expires(), account);
  }
}
