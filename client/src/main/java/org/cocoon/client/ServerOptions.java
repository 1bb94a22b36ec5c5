package org.cocoon.client;

import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Which server a command talks to, and as whom. */
public final class ServerOptions {
  private static final String DEFAULT_URL = "http://127.0.0.1:8080/v1";

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = "The API's base address (default: OPENAI_BASE_URL or " + DEFAULT_URL + ").")
  private @Nullable String url;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "Your API key (default: OPENAI_API_KEY; that keeps it out of `ps`).")
  private @Nullable String key;

  /** A client of that server, as that one. */
  public CocoonClient client(CommandSpec command, Map<String, String> environment) {
    String address =
        url != null ? url : environment.getOrDefault("OPENAI_BASE_URL", DEFAULT_URL).strip();
    String token = key != null ? key : environment.getOrDefault("OPENAI_API_KEY", "").strip();
    return client(command, address.isEmpty() ? DEFAULT_URL : address, token);
  }

  /** A client of the server at this address, as nobody in particular. */
  public static CocoonClient client(CommandSpec command, String address) {
    return client(command, address, "");
  }

  private static CocoonClient client(CommandSpec command, String address, String token) {
    try {
      return new CocoonClient(
          URI.create(address), token.isEmpty() ? Optional.empty() : Optional.of(token));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }
}
