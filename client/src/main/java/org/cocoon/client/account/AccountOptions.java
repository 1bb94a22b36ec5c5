package org.cocoon.client.account;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.cocoon.client.CocoonClient;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which router, whose account, which files, and whose word about the chain. */
final class AccountOptions {
  private static final String DEFAULT_URL = "http://127.0.0.1:8080/v1";

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "The router's API (default: OPENAI_BASE_URL or " + DEFAULT_URL + ").")
  private @Nullable String url;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description =
          "Your API key (default: the one in the data folder, or OPENAI_API_KEY; that keeps it out"
              + " of `ps`).")
  private @Nullable String key;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "Where your keys are: DIR/account (default: COCOON_DATA or .cocoon).")
  private @Nullable Path data;

  @Option(
      names = "--chain",
      paramLabel = "URL",
      description =
          "Believe this endpoint about the chain (toncenter, ends with /api/v2), instead of those"
              + " that the router names; may be given more than once.")
  private List<String> chain = new ArrayList<>();

  AccountFolder folder(Map<String, String> environment) {
    String fallback = environment.getOrDefault("COCOON_DATA", "").strip();
    return new AccountFolder(
        data != null ? data : Path.of(fallback.isEmpty() ? ".cocoon" : fallback));
  }

  List<URI> endpoints(CommandSpec command) {
    List<URI> endpoints = new ArrayList<>();
    for (String text : chain) {
      try {
        endpoints.add(URI.create(text.strip()));
      } catch (IllegalArgumentException e) {
        throw new ParameterException(
            command.commandLine(), "--chain must be like https://ton.example/api/v2, not " + text);
      }
    }
    return endpoints;
  }

  /** The API key to use: given, stored, or of the environment. */
  Optional<String> key(Map<String, String> environment) throws IOException {
    if (key != null) {
      return Optional.of(key);
    }
    Optional<String> stored = folder(environment).apiKey();
    return stored.isPresent()
        ? stored
        : Optional.of(environment.getOrDefault("OPENAI_API_KEY", "").strip())
            .filter(text -> !text.isEmpty());
  }

  CocoonClient client(CommandSpec command, Map<String, String> environment, Optional<String> as) {
    String address =
        url != null ? url : environment.getOrDefault("OPENAI_BASE_URL", DEFAULT_URL).strip();
    try {
      return new CocoonClient(URI.create(address.isEmpty() ? DEFAULT_URL : address), as);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
