package org.cocoon.contracts.tool;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.Delivery;
import org.cocoon.contracts.chain.Outgoing;
import org.cocoon.contracts.chain.RegistryContract;
import org.cocoon.contracts.chain.SignedExternal;
import org.cocoon.contracts.chain.ToncenterChain;
import org.cocoon.contracts.chain.Wallet;
import org.cocoon.contracts.ton.Cell;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Sets up the money of a network on a devnet: wallets of the registry's admin, the router's
 * operator, a client and each worker's owner, filled by the faucet, and the root contract. What is
 * there already stays.
 *
 * <p>Their addresses go into {@code DIR/addresses}, a line each: name, space, raw address.
 */
@Command(
    name = "demo",
    sortOptions = false,
    mixinStandardHelpOptions = true,
    description = "Make wallets and the root contract of a demo network; works on a devnet only.")
public final class DemoMoney implements Callable<Integer> {
  private static final int DEVNET = -31337;
  private static final long DELAY_SECONDS = 60;
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long VALID_SECONDS = 120;
  private static final JsonMapper JSON = new JsonMapper();
  private static final Map<String, NanoTon> FILLED =
      Map.of(
          "admin", NanoTon.ofTon(10), "operator", NanoTon.ofTon(250), "client", NanoTon.ofTon(250));

  @Option(
      names = "--endpoint",
      required = true,
      paramLabel = "URL",
      description = "The devnet, such as http://127.0.0.1:8081.")
  private URI endpoint = URI.create("");

  @Option(
      names = "--dir",
      required = true,
      paramLabel = "DIR",
      description = "For keys and addresses; made if it is missing.")
  private Path folder = Path.of("");

  @Option(
      names = "--workers",
      defaultValue = "2",
      description = "How many workers' owners (default ${DEFAULT-VALUE}).")
  private int workers;

  @Option(
      names = "--document",
      paramLabel = "FILE",
      description = "The root contract's first document (default: an empty object).")
  private @Nullable Path document;

  @Option(
      names = "--client-key",
      paramLabel = "FILE",
      description = "The client's wallet (default: DIR/client.key).")
  private @Nullable Path clientKey;

  private final HttpClient http = HttpClient.newHttpClient();

  @Override
  public Integer call() throws IOException, InterruptedException, ChainException {
    Files.createDirectories(folder);
    Map<String, Wallet> wallets = new LinkedHashMap<>();
    Wallet admin = wallet("admin");
    wallets.put("admin", admin);
    wallets.put("operator", wallet("operator"));
    wallets.put("client", client());
    for (int i = 1; i <= workers; i++) {
      wallets.put("worker-" + i, wallet("worker-" + i));
    }
    try (ToncenterChain chain =
        new ToncenterChain(
            new ToncenterChain.Options(
                DEVNET,
                List.of(endpoint.resolve("/api/v2")),
                Optional.empty(),
                1_000,
                Duration.ofSeconds(10),
                6))) {
      for (Map.Entry<String, Wallet> each : wallets.entrySet()) {
        fill(chain, each.getValue().address(), FILLED.getOrDefault(each.getKey(), NanoTon.ZERO));
      }
      Map<String, TonAddress> addresses = new LinkedHashMap<>();
      wallets.forEach((name, wallet) -> addresses.put(name, wallet.address()));
      addresses.put("registry", registry(chain, admin));
      for (Map.Entry<String, TonAddress> each : addresses.entrySet()) {
        label(each.getValue(), each.getKey());
      }
      write(addresses);
    }
    return 0;
  }

  private Wallet client() throws IOException {
    Path file = clientKey;
    if (file == null) {
      return wallet("client");
    }
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null && !Files.isDirectory(parent)) {
      Files.createDirectory(
          parent,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    return Wallet.of(ReceiptKey.loadOrCreate(file), DEVNET);
  }

  private Wallet wallet(String name) throws IOException {
    return Wallet.of(ReceiptKey.loadOrCreate(folder.resolve(name + ".key")), DEVNET);
  }

  private void fill(ToncenterChain chain, TonAddress address, NanoTon amount)
      throws ChainException, IOException, InterruptedException {
    if (amount.nanos() > 0 && chain.account(address).balance().nanos() == 0) {
      post("/devnet/faucet", "address", address.toString(), "amount", "" + amount.nanos());
    }
  }

  private void label(TonAddress address, String name) throws IOException, InterruptedException {
    post("/devnet/label", "address", address.toString(), "name", name, "kind", kind(name));
  }

  private static String kind(String name) {
    return name.equals("registry") ? "registry" : "wallet";
  }

  private TonAddress registry(ToncenterChain chain, Wallet admin)
      throws IOException, ChainException {
    Path kept = folder.resolve("document.json");
    if (!Files.exists(kept)) {
      Path given = document;
      Files.writeString(kept, given == null ? "{}" : Files.readString(given));
    }
    RegistryContract.Terms terms =
        new RegistryContract.Terms(admin.address(), DELAY_SECONDS, Files.readAllBytes(kept));
    TonAddress address = RegistryContract.address(terms);
    if (RegistryContract.read(chain, address).isPresent()) {
      return address;
    }
    long now = chain.account(admin.address()).seconds();
    SignedExternal message =
        admin.prepare(
            List.of(
                Outgoing.deploying(
                    RegistryContract.stateInit(terms), NanoTon.ofTon(1), Cell.EMPTY)),
            admin.seqno(chain),
            now + VALID_SECONDS);
    chain.send(message.boc());
    Delivery delivery = Wallet.await(chain, message, 0, PATIENCE);
    if (!(delivery instanceof Delivery.Arrived arrived)
        || !Wallet.trace(chain, arrived.transaction(), PATIENCE).isComplete()
        || RegistryContract.read(chain, address).isEmpty()) {
      throw new IOException("the root contract was not deployed: " + delivery);
    }
    return address;
  }

  private void post(String path, String... fields) throws IOException, InterruptedException {
    Map<String, String> body = new LinkedHashMap<>();
    for (int i = 0; i < fields.length; i += 2) {
      body.put(fields[i], fields[i + 1]);
    }
    HttpResponse<String> response =
        http.send(
            HttpRequest.newBuilder(endpoint.resolve(path))
                .timeout(Duration.ofSeconds(10))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body)))
                .build(),
            BodyHandlers.ofString(StandardCharsets.UTF_8));
    if (response.statusCode() != 200) {
      throw new IOException(
          "%s is no devnet of ours: %s said %d".formatted(endpoint, path, response.statusCode()));
    }
  }

  private void write(Map<String, TonAddress> addresses) throws IOException {
    StringBuilder lines = new StringBuilder();
    addresses.forEach(
        (name, address) -> lines.append(name).append(' ').append(address).append('\n'));
    Path draft = Files.createTempFile(folder, "addresses", null);
    Files.writeString(draft, lines);
    Files.move(
        draft,
        folder.resolve("addresses"),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
