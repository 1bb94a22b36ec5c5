package org.cocoon.client.account;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.Json;
import org.cocoon.client.pay.DurableFile;

/** What a router said of itself, kept so that money can be taken out when it is gone. */
final class KnownRouter {
  private static final int MAX_BYTES = 1 << 16;

  private final AccountFolder folder;
  private final Path file;

  KnownRouter(AccountCommand command, CocoonClient client) {
    this.folder = command.options.folder(command.environment);
    String name = client.base().getAuthority().replaceAll("[^A-Za-z0-9.-]", "_");
    this.file = folder.file("router-" + name + ".json");
  }

  /** Keeps where it settles. */
  void remember(Json network) throws IOException {
    Json settlement = network.at("settlement");
    String json =
        Json.render(
            out -> {
              out.writeStartObject();
              out.writeFieldName("settlement");
              settlement.write(out);
              out.writeEndObject();
            });
    folder.make();
    DurableFile.replace(file, json.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * What was kept.
   *
   * @throws CommandFailure if that is nothing
   */
  Json recall() throws IOException {
    if (!Files.exists(file)) {
      throw new CommandFailure(
          "Nothing is known of this router (%s): give the address that you deposited at with --url."
              .formatted(file));
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is too long");
    }
    byte[] bytes = Files.readAllBytes(file);
    return Json.parse(bytes, bytes.length);
  }
}
