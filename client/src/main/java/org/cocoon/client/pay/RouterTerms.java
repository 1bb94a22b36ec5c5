package org.cocoon.client.pay;

import java.net.URI;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.client.Json;
import org.cocoon.client.pay.ReceiptRules.Settled;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.SettlementContract;

/**
 * Where and how a router settles, as it says in {@code GET /v1/network}. The contract's address
 * follows from its terms and from the code that is packed here: another code, or other terms than
 * the router says, have another address, and are refused.
 *
 * @param networkId TON's global id
 * @param contract what the settlement contract was deployed with
 * @param feePermille the router's part of each cost
 * @param voucherMarginSeconds for so long before its end a voucher gives no credit
 * @param maxVoucherSeconds the longest that a voucher may hold from now
 * @param endpoints of toncenter's interface, as the router says
 * @param explorerAddress page of an account, with {@code {address}} in it; may be empty
 * @param explorerTransaction page of a transaction, with {@code {hash}} in it; may be empty
 */
public record RouterTerms(
    int networkId,
    SettlementContract.Terms contract,
    int feePermille,
    long voucherMarginSeconds,
    long maxVoucherSeconds,
    List<URI> endpoints,
    String explorerAddress,
    String explorerTransaction) {
  private static final int MAIN_NETWORK = -239;
  private static final int MAX_ENDPOINTS = 16;

  /** Checks the bounds. */
  public RouterTerms {
    if (feePermille < 0 || feePermille > 1_000) {
      throw new IllegalArgumentException("fee_permille: 0 to 1000, not " + feePermille);
    }
    if (voucherMarginSeconds < 1
        || voucherMarginSeconds > 0xffff_ffffL
        || maxVoucherSeconds <= 2 * voucherMarginSeconds
        || maxVoucherSeconds > 0xffff_ffffL) {
      throw new IllegalArgumentException("the times of vouchers are out of their bounds");
    }
    endpoints = List.copyOf(endpoints);
  }

  /**
   * Reads the answer to {@code GET /v1/network}.
   *
   * @return empty if the router does not settle on a chain
   * @throws IllegalArgumentException a sentence, if what it says cannot be
   */
  public static Optional<RouterTerms> of(Json network) {
    Json said = network.at("settlement");
    if (!said.isPresent()) {
      return Optional.empty();
    }
    SettlementContract.Terms contract =
        new SettlementContract.Terms(
            TonAddress.parse(said.at("registry").text("")),
            TonAddress.parse(said.at("owner").text("")),
            HexFormat.of().parseHex(ReceiptRules.key(said.at("router_key").text(""))),
            number(said, "delay_seconds"),
            new NanoTon(number(said, "min_stake_nanoton")));
    TonAddress settlement = TonAddress.parse(said.at("settlement").text(""));
    if (!SettlementContract.address(contract).equals(settlement)) {
      throw new IllegalArgumentException(
          "the router names the settlement contract %s, and its terms with the known code make %s"
              .formatted(settlement, SettlementContract.address(contract)));
    }
    return Optional.of(
        new RouterTerms(
            Math.toIntExact(number(said, "network_id")),
            contract,
            Math.toIntExact(number(said, "fee_permille")),
            number(said, "voucher_margin_seconds"),
            number(said, "max_voucher_seconds"),
            endpoints(said.at("chain")),
            said.at("explorer_address").text(""),
            said.at("explorer_transaction").text("")));
  }

  private static long number(Json said, String name) {
    return said.at(name)
        .whole()
        .orElseThrow(
            () -> new IllegalArgumentException("settlement." + name + " is no whole number"));
  }

  private static List<URI> endpoints(Json said) {
    List<URI> endpoints = new ArrayList<>();
    for (Json one : said.items()) {
      if (endpoints.size() < MAX_ENDPOINTS) {
        endpoints.add(URI.create(one.text("")));
      }
    }
    return endpoints;
  }

  /** The settlement contract. */
  public TonAddress settlement() {
    return SettlementContract.address(contract);
  }

  /** A client's channel with it. */
  public ChannelContract.Terms channel(TonAddress owner, byte[] voucherKey) {
    return SettlementContract.channelTerms(contract, owner, voucherKey);
  }

  /** What a receipt of this router must say. */
  public ReceiptRules receiptRules() {
    return ReceiptRules.NONE
        .withRouterKey(HexFormat.of().formatHex(contract.routerKey()))
        .withSettlement(new Settled(networkId, settlement()));
  }

  /** An address as wallets show it on this network. */
  public String friendly(TonAddress address) {
    return address.toFriendly(true, networkId != MAIN_NETWORK);
  }

  /** A wallet's address as wallets show it: a transfer to it never comes back. */
  public String friendlyWallet(TonAddress address) {
    return address.toFriendly(false, networkId != MAIN_NETWORK);
  }
}
