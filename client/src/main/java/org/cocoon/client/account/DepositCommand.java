package org.cocoon.client.account;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.CocoonException;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.Amounts;
import org.cocoon.client.pay.OverBudgetException;
import org.cocoon.client.pay.RouterTerms;
import org.cocoon.contracts.KeyGrant;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.ChannelContract;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.cocoon.contracts.chain.Wallet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deposit}: from the wallet to where requests are paid from. */
@Command(
    name = "deposit",
    description =
        "Pay in from your wallet: opens or tops up your channel with the router, allows it to"
            + " charge up to what is in it, and gets you an API key.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "The channel is a contract of your own: the router can charge no more than",
      "your voucher allows, and what is left you can take out without the router.",
      "Before anything is sent, the router's contract is checked on the chain.",
      "",
      "Examples:",
      "  cocoon deposit 5",
      "  cocoon deposit 5 --ceiling 0.5     allow less now, and more by `cocoon voucher`",
      "  cocoon deposit 5 --prepay          as the router's credit, which it can refund",
      "",
      AccountCommand.EXIT_CODES
    })
public final class DepositCommand extends AccountCommand {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final long GRANT_SECONDS = 300;
  private static final InstantSource CLOCK = InstantSource.system();

  @Parameters(paramLabel = "AMOUNT", description = "In Toncoin, like 2.5.")
  private String amountText = "";

  @Option(
      names = "--prepay",
      description = "Transfer it to the router's contract, as credit of your API key's account.")
  private boolean prepay;

  @Option(
      names = "--ceiling",
      paramLabel = "TON",
      description =
          "The most that may be charged in all, by a voucher signed now (default: all that is in"
              + " the channel).")
  private @Nullable String ceilingText;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "",
      description = "What the router shall call your API key.")
  private String name = "";

  /** Makes the command. */
  public DepositCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException, ChainException {
    NanoTon amount = amount(amountText);
    AccountFolder folder = options.folder(environment);
    ReceiptKey walletKey = folder.wallet();
    try (RouterDesk desk = RouterDesk.open(this, options.key(environment))) {
      SettlementContract.State state = desk.check();
      step(
          "checked on the chain: the router's contract has the known code, its key, a stake of %s and %d open channels"
              .formatted(state.stake(), state.openChannels()));
      Wallet wallet = Wallet.of(walletKey, desk.terms().networkId());
      Transfers transfers = new Transfers(this, desk.chain(), wallet, folder, PATIENCE);
      return prepay
          ? prepay(desk, transfers, amount)
          : channel(desk, folder, wallet, transfers, amount);
    }
  }

  private NanoTon amount(String text) {
    try {
      return Amounts.ton(text);
    } catch (IllegalArgumentException e) {
      throw misuse(String.valueOf(e.getMessage()));
    }
  }

  // ------------------------------------------------------------------ the channel

  private int channel(
      RouterDesk desk, AccountFolder folder, Wallet wallet, Transfers transfers, NanoTon amount)
      throws IOException, ChainException {
    RouterTerms terms = desk.terms();
    ReceiptKey voucherKey = folder.voucherKey();
    ChannelContract.Terms channel = terms.channel(wallet.address(), voucherKey.publicKey());
    TonAddress address = ChannelContract.address(channel);
    Optional<ChannelContract.State> before = desk.channel(channel);
    if (before.isPresent() && before.get().status() == ChannelContract.Status.CLOSING) {
      throw new CommandFailure(
          "The channel %s is closing: run `cocoon finish` from %s on, then deposit again."
              .formatted(terms.friendly(address), Instant.ofEpochSecond(before.get().unlockAt())));
    }
    long query = new SecureRandom().nextLong() & Long.MAX_VALUE;
    NanoTon value = FeeSchedule.BASECHAIN.deposit(amount);
    var body = ChannelContract.deposit(query, amount);
    ChainTransaction sent =
        transfers.perform(
            "deposit %s to %s".formatted(amount, address),
            before.isPresent()
                ? Outgoing.to(address, value, body)
                : Outgoing.deploying(ChannelContract.stateInit(channel), value, body));
    ChannelContract.State after =
        desk.channel(channel)
            .orElseThrow(() -> new CommandFailure("The channel is not there: run this again."));
    step("the channel %s holds %s".formatted(terms.friendly(address), after.locked()));
    Voucher voucher = voucher(folder, voucherKey, terms, address, after);
    Json registered = register(folder, wallet.address(), voucherKey, voucher);
    return report(desk, folder, after, voucher, registered, sent);
  }

  private Voucher voucher(
      AccountFolder folder,
      ReceiptKey key,
      RouterTerms terms,
      TonAddress channel,
      ChannelContract.State state)
      throws IOException {
    NanoTon all = state.deposited().minus(state.withdrawn());
    NanoTon ceiling = ceilingText == null ? all : amount(ceilingText);
    try {
      return Vouchers.book(folder, key, terms, channel, CLOCK).raiseTo(ceiling);
    } catch (OverBudgetException e) {
      throw new IllegalStateException("a person's own word has no budget", e);
    }
  }

  private Json register(
      AccountFolder folder, TonAddress owner, ReceiptKey voucherKey, Voucher voucher)
      throws IOException {
    String apiKey = folder.apiKeyOrNew();
    KeyGrant grant =
        KeyGrant.sign(
            voucherKey,
            voucher.networkId(),
            voucher.contract(),
            sha256(apiKey),
            CLOCK.instant().getEpochSecond() + GRANT_SECONDS);
    String body =
        Json.render(
            out -> {
              out.writeStartObject();
              out.writeStringField("owner", owner.toString());
              out.writeStringField("voucher_key", HexFormat.of().formatHex(voucherKey.publicKey()));
              out.writeStringField("voucher", voucher.toText());
              out.writeStringField("key_grant", grant.toText());
              out.writeStringField("name", name);
              out.writeEndObject();
            });
    boolean known = known(apiKey);
    try (CocoonClient client =
        options.client(command(), environment, known ? Optional.of(apiKey) : Optional.empty())) {
      return Waiting.until(
          this,
          PATIENCE,
          "the router sees the deposit",
          () -> client.call("POST", "channels", Optional.of(body)));
    }
  }

  /** Whether the router knows the stored key: then the channel becomes that account's. */
  private boolean known(String apiKey) {
    try (CocoonClient client = options.client(command(), environment, Optional.of(apiKey))) {
      client.call("GET", "account", Optional.empty());
      return true;
    } catch (CocoonException e) {
      if (e.kind() == CocoonException.Kind.UNAUTHORISED) {
        return false;
      }
      throw e;
    }
  }

  private int report(
      RouterDesk desk,
      AccountFolder folder,
      ChannelContract.State state,
      Voucher voucher,
      Json registered,
      ChainTransaction sent) {
    long account = registered.at("account").number(0);
    String address = desk.terms().friendly(voucher.contract());
    if (json) {
      write(
          out -> {
            out.writeStartObject();
            out.writeNumberField("account", account);
            out.writeStringField("channel", address);
            out.writeNumberField("deposited_nanoton", state.deposited().nanos());
            out.writeNumberField("locked_nanoton", state.locked().nanos());
            out.writeNumberField("ceiling_nanoton", voucher.ceiling().nanos());
            out.writeNumberField("voucher_expires", voucher.expires());
            out.writeStringField("api_key_file", folder.apiKeyFile().toString());
            out.writeStringField("transaction", sent.hashText());
            out.writeEndObject();
          });
      return 0;
    }
    say("The channel %s of account %d holds %s.".formatted(address, account, state.locked()));
    say(
        "The router may charge up to %s in all, until %s."
            .formatted(voucher.ceiling(), Instant.ofEpochSecond(voucher.expires())));
    say("Your API key is in %s.".formatted(folder.apiKeyFile()));
    say("Transaction %s".formatted(desk.transaction(sent.hashText())));
    return 0;
  }

  // ------------------------------------------------------------------ prepaid credit

  private int prepay(RouterDesk desk, Transfers transfers, NanoTon amount)
      throws IOException, ChainException {
    Json before = desk.account();
    Json way = before.at("prepay");
    TonAddress settlement = desk.terms().settlement();
    String comment = way.at("comment").text("");
    if (!way.at("address").text("").equals(desk.terms().friendly(settlement))
        || !comment.equals("cocoon:" + before.at("account").text(""))) {
      throw new CommandFailure(
          "Pay nothing to this router: it names another address or comment than its contract and"
              + " your account make.");
    }
    NanoTon least = Amounts.of(way, "minimum_nanoton");
    if (amount.compareTo(least) < 0) {
      throw new CommandFailure(
          "The contract keeps a part for gas, so pay in %s or more.".formatted(least));
    }
    NanoTon credit = Amounts.of(before, "prepaid_nanoton");
    ChainTransaction sent =
        transfers.perform(
            "prepay %s to %s with %s".formatted(amount, settlement, comment),
            Outgoing.to(
                settlement,
                FeeSchedule.BASECHAIN.prepay(amount),
                SettlementContract.prepay(comment)));
    Json after =
        Waiting.until(
            this,
            PATIENCE,
            "the router credits it",
            () -> {
              CocoonClient.Reply reply = desk.client().call("GET", "account", Optional.empty());
              return Amounts.of(reply.body(), "prepaid_nanoton").compareTo(credit) > 0
                  ? reply
                  : new CocoonClient.Reply(202, reply.body(), Optional.of(Duration.ofSeconds(2)));
            });
    NanoTon balance = Amounts.of(after, "balance_nanoton");
    if (json) {
      write(
          out -> {
            out.writeStartObject();
            out.writeNumberField("account", after.at("account").number(0));
            out.writeNumberField("prepaid_nanoton", Amounts.of(after, "prepaid_nanoton").nanos());
            out.writeNumberField("balance_nanoton", balance.nanos());
            out.writeStringField("transaction", sent.hashText());
            out.writeEndObject();
          });
    } else {
      say("Credited; the balance is %s.".formatted(balance));
      say("Transaction %s".formatted(desk.transaction(sent.hashText())));
    }
    return 0;
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
