package org.cocoon.client.account;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.cocoon.client.Json;
import org.cocoon.client.ManifestVersion;
import org.cocoon.client.Terminal;
import org.cocoon.client.pay.Amounts;
import org.cocoon.contracts.NanoTon;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code spending}: what was used, and what it cost. */
@Command(
    name = "spending",
    description = "Show what was used and what it cost, by key, model or day.",
    versionProvider = ManifestVersion.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Examples:",
      "  cocoon spending",
      "  cocoon spending --by day --since 2026-11-01",
      "",
      AccountCommand.EXIT_CODES
    })
public final class SpendingCommand extends AccountCommand {
  @Option(
      names = "--by",
      defaultValue = "key",
      paramLabel = "key|model|day",
      description = "How it is told apart (default ${DEFAULT-VALUE}: by key and model).")
  private String by = "";

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From when on: a date, or RFC 3339 (default: 30 days ago).")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "Until when (default: now).")
  private @Nullable String until;

  /** Makes the command. */
  public SpendingCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int run() throws IOException {
    if (!by.matches("key|model|day")) {
      throw misuse("--by must be key, model or day");
    }
    String path = "account/usage?by=" + by + query("since", since) + query("until", until);
    try (CocoonClient client = options.client(command(), environment, options.key(environment))) {
      Json usage = client.call("GET", path, Optional.empty()).body();
      if (json) {
        write(usage::write);
        return 0;
      }
      table(usage);
      if (usage.at("more").isTrue()) {
        say("There is more: shorten the time with --since and --until.");
      }
      return 0;
    }
  }

  private static String query(String name, @Nullable String value) {
    return value == null ? "" : "&" + name + "=" + URLEncoder.encode(value, StandardCharsets.UTF_8);
  }

  private void table(Json usage) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of(heading(), "REQUESTS", "PROMPT", "CACHED", "ANSWER", "THOUGHTS", "COST"));
    NanoTon total = NanoTon.ZERO;
    for (Json row : usage.at("data").items()) {
      NanoTon cost = Amounts.of(row, "cost_nanoton");
      total = total.plus(cost);
      rows.add(
          List.of(
              what(row),
              row.at("requests").text("?"),
              row.at("prompt_tokens").text("?"),
              row.at("cached_prompt_tokens").text("?"),
              row.at("completion_tokens").text("?"),
              row.at("reasoning_tokens").text("?"),
              cost.toString()));
    }
    if (rows.size() == 1) {
      say("Nothing was used in that time.");
      return;
    }
    rows.add(List.of("total", "", "", "", "", "", total.toString()));
    Tables.print(this, rows);
  }

  private String heading() {
    return switch (by) {
      case "day" -> "DAY";
      case "model" -> "MODEL";
      default -> "KEY AND MODEL";
    };
  }

  private String what(Json row) {
    return switch (by) {
      case "day" -> row.at("day").text("?");
      case "model" -> row.at("model").text("?");
      default ->
          "%s%s, %s"
              .formatted(
                  row.at("key_id").text("?"),
                  row.at("key_name").text("").isEmpty()
                      ? ""
                      : " (" + row.at("key_name").text("") + ")",
                  row.at("model").text("?"));
    };
  }
}
