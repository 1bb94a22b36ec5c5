package org.cocoon.client.account;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code keys}: API keys of the account. */
@Command(
    name = "keys",
    description =
        "List your account's API keys, by id and name; a key itself is never shown again.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  cocoon keys",
      "  cocoon keys new laptop",
      "  cocoon keys revoke 7",
      "",
      AccountCommand.EXIT_CODES
    })
public final class KeysCommand extends AccountCommand {
  private KeysCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  /** The command with its subcommands. */
  public static CommandLine commandLine(Terminal terminal, Map<String, String> environment) {
    return new CommandLine(new KeysCommand(terminal, environment))
        .addSubcommand(new New(terminal, environment))
        .addSubcommand(new Revoke(terminal, environment));
  }

  private Json call(String method, String path, Optional<String> body) throws IOException {
    try (CocoonClient client = options.client(command(), environment, options.key(environment))) {
      return client.call(method, path, body).body();
    }
  }

  @Override
  int run() throws IOException {
    Json keys = call("GET", "account/keys", Optional.empty());
    if (json) {
      write(keys::write);
      return 0;
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("ID", "NAME", "MADE", "STATE"));
    for (Json key : keys.at("data").items()) {
      rows.add(
          List.of(
              key.at("id").text("?"),
              key.at("name").text(""),
              key.at("created").text("?"),
              key.at("revoked").isTrue() ? "revoked" : "works"));
    }
    Tables.print(this, rows);
    return 0;
  }

  /** {@code keys new}. */
  @Command(
      name = "new",
      description = "Make another key; it is shown now and never again.",
      versionProvider = ManifestVersion.class,
      mixinStandardHelpOptions = true,
      footer = {"", AccountCommand.EXIT_CODES})
  static final class New extends AccountCommand {
    @Parameters(
        arity = "0..1",
        defaultValue = "",
        paramLabel = "NAME",
        description = "For people, and to tell spending apart.")
    private String name = "";

    New(Terminal terminal, Map<String, String> environment) {
      super(terminal, environment);
    }

    @Override
    int run() throws IOException {
      String body =
          Json.render(
              out -> {
                out.writeStartObject();
                out.writeStringField("name", name);
                out.writeEndObject();
              });
      try (CocoonClient client = options.client(command(), environment, options.key(environment))) {
        Json made = client.call("POST", "account/keys", Optional.of(body)).body();
        if (json) {
          write(made::write);
        } else {
          step("key %s, shown now and never again:".formatted(made.at("id").text("?")));
          say(made.at("key").text(""));
        }
        return 0;
      }
    }
  }

  /** {@code keys revoke}. */
  @Command(
      name = "revoke",
      description = "Take a key back, for good.",
      versionProvider = ManifestVersion.class,
      mixinStandardHelpOptions = true,
      footer = {"", AccountCommand.EXIT_CODES})
  static final class Revoke extends AccountCommand {
    @Parameters(paramLabel = "ID", description = "As `cocoon keys` lists it.")
    private long id;

    Revoke(Terminal terminal, Map<String, String> environment) {
      super(terminal, environment);
    }

    @Override
    int run() throws IOException {
      try (CocoonClient client = options.client(command(), environment, options.key(environment))) {
        Json told = client.call("DELETE", "account/keys/" + id, Optional.empty()).body();
        if (json) {
          write(told::write);
        } else {
          say("Key %d works no more; on other routers it may for half a minute.".formatted(id));
        }
        return 0;
      }
    }
  }
}
