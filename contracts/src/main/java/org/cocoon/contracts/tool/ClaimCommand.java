package org.cocoon.contracts.tool;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.SettlementContract;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code claim}: a worker's owner is paid, also when the router is gone. */
@Command(
    name = "claim",
    description = {
      "Claim what a worker earned, from the files that it keeps. Any wallet can send it: what was"
          + " earned goes to the payee, and the rest of the fee back to the wallet. If the router"
          + " signed an epoch and did not post it, it is posted first."
    },
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon chain claim --earnings .cocoon/worker-1/earnings --key my.key",
      "  ./cocoon chain claim --earnings settlement-5a5a.json --key my.key --dry-run"
    })
final class ClaimCommand implements Callable<Integer> {
  private static final FeeSchedule FEES = FeeSchedule.BASECHAIN;

  private final Errand errand;

  @Mixin private NetworkOptions network = new NetworkOptions();
  @Mixin private SendOptions options = new SendOptions();

  @Option(
      names = "--earnings",
      required = true,
      paramLabel = "FILE|DIR",
      description = "What the worker keeps of what one router owes, or the folder with all.")
  private @Nullable Path earnings;

  ClaimCommand(Errand errand) {
    this.errand = errand;
  }

  @Override
  public Integer call() throws ToolException, ChainException, IOException {
    Path where = earnings;
    if (where == null) {
      throw Amounts.usage("say what was earned: --earnings FILE or DIR");
    }
    int worst = 0;
    List<Path> files = EarningsFile.find(where);
    for (Path file : files) {
      try {
        claim(EarningsFile.read(file));
      } catch (ToolException e) {
        if (files.size() == 1) {
          throw e;
        }
        errand.screen().progress("%s: %s".formatted(file.getFileName(), e.getMessage()));
        worst = Math.max(worst, e.exitCode());
      }
    }
    return worst;
  }

  private void claim(EarningsFile file) throws ToolException, ChainException, IOException {
    if (file.commitment().networkId() != network.network().id()) {
      throw Amounts.usage(
          "these earnings are on network %d: say --network", file.commitment().networkId());
    }
    errand.send(network, options, (chain, _) -> order(chain, file));
  }

  private static Errand.Order order(Chain chain, EarningsFile file)
      throws ToolException, ChainException {
    Commitment commitment = file.commitment();
    TonAddress at = commitment.contract();
    SettlementContract.State state = SettlementCommand.state(chain, at);
    if (!Arrays.equals(state.terms().routerKey(), file.routerKey())) {
      throw refused("the contract %s belongs to another router than the file says", at);
    }
    NanoTon before = paid(chain, at, file);
    NanoTon earned = file.leaf().earned();
    if (before.compareTo(earned) >= 0) {
      throw refused("all of it was paid already: %s", before);
    }
    List<Outgoing> messages = new ArrayList<>();
    if (state.epoch() == commitment.epoch() - 1) {
      messages.add(post(chain, state, commitment));
    } else if (!Arrays.equals(state.statementHash(), commitment.hash())) {
      throw refused(
          "the file is of epoch %d, and the contract's is %d%s",
          commitment.epoch(),
          state.epoch(),
          state.epoch() > commitment.epoch()
              ? ": the worker needs the newest proof from its router"
              : state.epoch() == commitment.epoch()
                  ? ", with another commitment: the router told two stories, and can be slashed"
                  : ": epochs between them are missing");
    }
    messages.add(
        Outgoing.to(
            at,
            FEES.payout(0),
            SettlementContract.payout(0, file.leaf(), file.index(), file.siblings())));
    NanoTon due = earned.minus(before);
    return new Errand.Order(
        "claim %s for %s".formatted(due, file.payee()),
        messages,
        new Screen.Page()
            .put("settlement", at)
            .put("epoch", commitment.epoch())
            .put("earned", earned)
            .put("paid_before", before)
            .put("claimed", due));
  }

  private static NanoTon paid(Chain chain, TonAddress at, EarningsFile file)
      throws ToolException, ChainException {
    SettlementContract.Paid paid =
        SettlementContract.paid(chain, at, file.index())
            .orElseThrow(() -> refused("there is no contract at %s", at));
    if (!paid.isFor(file.payee())) {
      throw refused("index %d of the contract belongs to another payee", file.index());
    }
    return paid.paid();
  }

  /** Anybody may post what the router signed, as long as it has not expired and is covered. */
  private static Outgoing post(Chain chain, SettlementContract.State state, Commitment commitment)
      throws ToolException, ChainException {
    long now = chain.account(commitment.contract()).seconds();
    if (now > commitment.expires()) {
      throw refused("the router never posted this epoch, and its commitment has expired");
    }
    if (commitment.earned().compareTo(state.collected()) > 0) {
      throw refused(
          "the router committed to %s and collected only %s: wait until it has claimed the rest",
          commitment.earned(), state.collected());
    }
    return Outgoing.to(
        commitment.contract(), FEES.settlementRest(), SettlementContract.commit(0, commitment));
  }

  @SuppressWarnings("AnnotateFormatMethod") // An annotation would take a dependency.
  private static ToolException refused(String format, Object... arguments) {
    return new ToolException(ToolException.REFUSED, format.formatted(arguments));
  }
}
