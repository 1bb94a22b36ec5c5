package org.cocoon.contracts.tool;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.FeeSchedule;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.RegistryContract;
import org.cocoon.contracts.ton.Cell;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code registry}: the root of a network, with its policy. */
@Command(
    name = "registry",
    description = "The root contract: one document with policy, models, prices and routers.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  ./cocoon chain registry deploy --key admin.key --document policy.json --delay 24h",
      "  ./cocoon chain registry read EQ... --document > policy.json",
      "  ./cocoon chain registry announce EQ... --key admin.key --document policy.json",
      "  ./cocoon chain registry apply EQ... --key anybody.key"
    })
final class RegistryCommand {
  private static final FeeSchedule FEES = FeeSchedule.BASECHAIN;

  private final Errand errand;

  RegistryCommand(Errand errand) {
    this.errand = errand;
  }

  @Command(
      name = "deploy",
      description = "Deploy a root contract; the wallet is its admin.",
      mixinStandardHelpOptions = true)
  int deploy(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Option(
              names = "--document",
              required = true,
              paramLabel = "FILE",
              description = "The first document, up to 20,320 bytes.")
          Path document,
      @Option(
              names = "--delay",
              paramLabel = "SPAN",
              defaultValue = "24h",
              description = "From an announcement to its force (default ${DEFAULT-VALUE}).")
          String delay)
      throws ToolException, ChainException, IOException {
    byte[] bytes = read(document);
    long seconds = Amounts.seconds(delay);
    return errand.send(
        network,
        options,
        (chain, wallet) -> {
          var init =
              RegistryContract.stateInit(
                  new RegistryContract.Terms(wallet.address(), seconds, bytes));
          TonAddress address = init.address();
          if (chain.account(address).isActive()) {
            throw new ToolException(
                ToolException.REFUSED, "this registry is there already: " + address);
          }
          return new Errand.Order(
              "deploy a registry",
              Outgoing.deploying(init, FEES.registryDeployment(), Cell.EMPTY),
              new Screen.Page().put("registry", address));
        });
  }

  @Command(name = "read", description = "Show a root contract.", mixinStandardHelpOptions = true)
  int read(
      @Mixin NetworkOptions network,
      @Parameters(paramLabel = "ADDRESS", description = "Of the root contract.") String address,
      @Option(names = "--document", description = "Only the document in force, as it is.")
          boolean documentOnly)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.read(
        network,
        chain -> {
          RegistryContract.State state = state(chain, at);
          String document = new String(state.document(), StandardCharsets.UTF_8);
          if (documentOnly) {
            return Screen.Page.raw(document);
          }
          Screen.Page page =
              new Screen.Page()
                  .put("registry", at)
                  .put("admin", state.admin())
                  .put("candidate", state.candidate().map(TonAddress::toString).orElse(""))
                  .put("version", state.version())
                  .put("delay_seconds", state.delaySeconds())
                  .put("treasury", state.treasury())
                  .put("document", document);
          state
              .pending()
              .ifPresent(
                  pending ->
                      page.put("pending", new String(pending, StandardCharsets.UTF_8))
                          .put("in_force_from", Instant.ofEpochSecond(state.activatesAt())));
          return page;
        });
  }

  @Command(
      name = "announce",
      description = "Announce a document; only the admin can.",
      mixinStandardHelpOptions = true)
  int announce(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the root contract.") String address,
      @Option(
              names = "--document",
              required = true,
              paramLabel = "FILE",
              description = "The document, up to 20,320 bytes.")
          Path document)
      throws ToolException, ChainException, IOException {
    byte[] bytes = read(document);
    return send(
        network,
        options,
        address,
        "announce a document",
        FEES.announce(bytes.length),
        RegistryContract.announce(0, bytes));
  }

  @Command(
      name = "apply",
      description = "Put the announced document in force when its delay is over; anybody can.",
      mixinStandardHelpOptions = true)
  int apply(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the root contract.") String address)
      throws ToolException, ChainException, IOException {
    return send(
        network,
        options,
        address,
        "apply the document",
        FEES.registry(),
        RegistryContract.apply(0));
  }

  @Command(
      name = "cancel",
      description = "Take the announced document back; only the admin can.",
      mixinStandardHelpOptions = true)
  int cancel(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(paramLabel = "ADDRESS", description = "Of the root contract.") String address)
      throws ToolException, ChainException, IOException {
    return send(
        network,
        options,
        address,
        "cancel the announcement",
        FEES.registry(),
        RegistryContract.cancel(0));
  }

  @Command(
      name = "revoke",
      description = "Take an image back, at once and for good; only the admin can.",
      mixinStandardHelpOptions = true)
  int revoke(
      @Mixin NetworkOptions network,
      @Mixin SendOptions options,
      @Parameters(index = "0", paramLabel = "ADDRESS", description = "Of the root contract.")
          String address,
      @Parameters(index = "1", paramLabel = "HASH", description = "Of the image, 64 digits.")
          String hash)
      throws ToolException, ChainException, IOException {
    byte[] image = Amounts.bytes32("an image's hash", hash);
    return send(
        network,
        options,
        address,
        "revoke " + hash,
        FEES.registry(),
        RegistryContract.revoke(0, image));
  }

  private int send(
      NetworkOptions network,
      SendOptions options,
      String address,
      String what,
      NanoTon value,
      Cell body)
      throws ToolException, ChainException, IOException {
    TonAddress at = Errand.address(address);
    return errand.send(
        network,
        options,
        (chain, _) -> {
          state(chain, at);
          return new Errand.Order(what + " at " + at, Outgoing.to(at, value, body));
        });
  }

  private static RegistryContract.State state(Chain chain, TonAddress address)
      throws ToolException, ChainException {
    return RegistryContract.read(chain, address)
        .orElseThrow(
            () -> new ToolException(ToolException.REFUSED, "there is no contract at " + address));
  }

  private static byte[] read(Path document) throws ToolException, IOException {
    if (Files.size(document) > RegistryContract.MAX_DOCUMENT_BYTES) {
      throw Amounts.usage(
          "%s is longer than %d bytes, which is what a registry holds",
          document, RegistryContract.MAX_DOCUMENT_BYTES);
    }
    return Files.readAllBytes(document);
  }
}
