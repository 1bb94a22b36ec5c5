package org.cocoon.client.account;

import java.io.IOException;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.Wallet;

/**
 * A person's channel with a router, as the chain has it.
 *
 * @param wallet that owns it
 * @param voucherKey that allows charges
 * @param terms it was deployed with
 * @param address of the contract
 * @param state of the contract
 */
record OwnChannel(
    Wallet wallet,
    ReceiptKey voucherKey,
    ChannelContract.Terms terms,
    TonAddress address,
    ChannelContract.State state) {

  /**
   * Finds it.
   *
   * @throws CommandFailure if there is none
   */
  static OwnChannel find(RouterDesk desk, AccountFolder folder) throws IOException, ChainException {
    Wallet wallet = Wallet.of(folder.wallet(), desk.terms().networkId());
    ReceiptKey voucherKey =
        folder
            .knownVoucherKey()
            .orElseThrow(
                () ->
                    new CommandFailure(
                        "There is no voucher key in %s: `cocoon deposit` opens a channel, or give --data."
                            .formatted(folder.voucherFile())));
    ChannelContract.Terms terms = desk.terms().channel(wallet.address(), voucherKey.publicKey());
    TonAddress address = ChannelContract.address(terms);
    ChannelContract.State state =
        desk.channel(terms)
            .orElseThrow(
                () ->
                    new CommandFailure(
                        "You have no channel with this router (%s is empty): `cocoon deposit` opens one."
                            .formatted(desk.terms().friendly(address))));
    return new OwnChannel(wallet, voucherKey, terms, address, state);
  }

  /** The same as the chain has it now. */
  OwnChannel again(RouterDesk desk) throws ChainException {
    return new OwnChannel(
        wallet,
        voucherKey,
        terms,
        address,
        desk.channel(terms)
            .orElseThrow(
                () ->
                    new ChainException(
                        ChainException.Kind.INCONSISTENT, address + " was there before")));
  }
}
