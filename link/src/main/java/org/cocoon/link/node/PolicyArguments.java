package org.cocoon.link.node;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.registry.RegistryAddress;
import org.cocoon.link.registry.RegistryOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A {@link PolicySource} on a program's command line; a mixin. */
public final class PolicyArguments {
  @Option(
      names = "--policy",
      paramLabel = "FILE",
      description = "Whose evidence is accepted (JSON); or --registry.")
  private @Nullable Path policy;

  @Option(
      names = "--registry",
      paramLabel = "ADDRESS",
      description = "The contract on TON that says whose evidence is accepted; needs --chain.")
  private @Nullable String registry;

  @Option(
      names = "--chain",
      paramLabel = "URL",
      split = ",",
      description =
          "Whom to ask about the chain, https://HOST/api/v2 (toncenter); may be given several"
              + " times.")
  private List<URI> chain = List.of();

  @Option(
      names = "--registry-quorum",
      paramLabel = "N",
      description = "How many --chain endpoints must say the same (default: more than half).")
  private @Nullable Integer quorum;

  @Option(
      names = "--registry-max-age",
      paramLabel = "DURATION",
      description =
          "While the chain is away: how long the last reading counts (default PT24H); then no new"
              + " link comes up.")
  private Duration maxAge = RegistryOptions.DEFAULT_MAX_AGE;

  @Option(
      names = "--registry-interval",
      paramLabel = "DURATION",
      description = "How often the chain is asked (default PT15S).")
  private Duration interval = RegistryOptions.DEFAULT_INTERVAL;

  @Option(
      names = "--registry-state",
      paramLabel = "DIR",
      description =
          "Remember here which version was seen last, so that nobody leads this node back after a"
              + " restart (router: DATA/registry).")
  private @Nullable Path state;

  /**
   * What was said.
   *
   * @throws IllegalArgumentException a sentence, if it was not one policy file or one registry
   */
  public PolicySource source() {
    Path file = policy;
    if ((file == null) == (registry == null)) {
      throw new IllegalArgumentException(
          "say whose evidence is accepted: --policy FILE, or --registry ADDRESS with --chain URL");
    }
    return file == null ? new PolicySource.Registry(registry()) : new PolicySource.File(file);
  }

  /**
   * The same where a registry may be named for another reason: then a policy file comes first.
   *
   * @throws IllegalArgumentException a sentence, if neither was said
   */
  public PolicySource fileOrRegistry() {
    Path file = policy;
    return file == null ? source() : new PolicySource.File(file);
  }

  /** The registry's address as it was given, if one was. */
  public Optional<String> registryAddress() {
    return Optional.ofNullable(registry);
  }

  /** Whom to ask about the chain, as it was given. */
  public List<URI> chain() {
    return chain;
  }

  /** Whether anything was said. */
  public boolean given() {
    return policy != null || registry != null;
  }

  private RegistryOptions registry() {
    String address = registry;
    if (address == null) {
      throw new IllegalStateException("the caller sees to it");
    }
    try {
      return new RegistryOptions(
          RegistryAddress.parse(address),
          chain,
          quorum == null ? RegistryOptions.majority(chain.size()) : quorum,
          Optional.ofNullable(state),
          maxAge,
          interval);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw new IllegalArgumentException(
          message.startsWith("--") ? message : "--registry " + message, e);
    }
  }
}
