package org.cocoon.worker.upstream;

import java.net.URI;
import java.time.Duration;
import java.util.Locale;

/**
 * Where a server listens that computes for this worker, and what it may do.
 *
 * @param base such as {@code http://127.0.0.1:8000}; without {@code /v1}
 * @param model its name there; empty: the only one that it serves
 * @param servedAs its name in requests of the network; empty: as there
 * @param key sent as bearer token; empty: none
 * @param slots requests at a time; 0: as many as the server says or its kind usually has
 * @param contextTokens prompt and answer together; 0: what the server says
 * @param limits how long it may take
 */
public record UpstreamOptions(
    URI base,
    String model,
    String servedAs,
    String key,
    int slots,
    int contextTokens,
    Limits limits) {

  /** Requests that wait here for a slot; one more is refused as busy. */
  static final int MOST_QUEUED = 64;

  private static final int MOST_SLOTS = 1024;

  /**
   * How long a server may take.
   *
   * @param firstToken from a request to its first token; below the router's own 60 s
   * @param idle between two chunks of an answer that is read
   * @param total for one answer
   * @param away for which it may not answer at all before this worker gives up
   */
  public record Limits(Duration firstToken, Duration idle, Duration total, Duration away) {
    /** What the worker uses. */
    public static final Limits DEFAULT =
        new Limits(
            Duration.ofSeconds(55),
            Duration.ofSeconds(30),
            Duration.ofMinutes(30),
            Duration.ofSeconds(15));
  }

  /** Checks the bounds. */
  public UpstreamOptions {
    String scheme = String.valueOf(base.getScheme()).toLowerCase(Locale.ROOT);
    if (!(scheme.equals("http") || scheme.equals("https"))
        || base.getHost() == null
        || base.getRawQuery() != null
        || base.getRawUserInfo() != null) {
      throw new IllegalArgumentException(
          "--upstream is a URL such as http://127.0.0.1:8000, without user, key or query");
    }
    if (slots < 0 || slots > MOST_SLOTS) {
      throw new IllegalArgumentException("--slots is 1 to " + MOST_SLOTS);
    }
    if (contextTokens < 0) {
      throw new IllegalArgumentException("--context is at least 1");
    }
    if (!key.matches("[\\x21-\\x7e]{0,4096}")) {
      throw new IllegalArgumentException("the upstream's key has characters that no header takes");
    }
  }

  /**
   * Reads the address.
   *
   * @param text with or without {@code /v1} at its end
   * @throws IllegalArgumentException a sentence, if it is none
   */
  public static URI address(String text) {
    try {
      return URI.create(text.replaceFirst("/+$", "").replaceFirst("/v1$", ""));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "--upstream '" + text + "' is no URL, such as http://127.0.0.1:8000", e);
    }
  }

  /** Whether the server is on this machine: then no prompt leaves it. No name is looked up. */
  public boolean isLocal() {
    String host = base.getHost();
    return host.equalsIgnoreCase("localhost")
        || host.matches("127(\\.\\d{1,3}){3}")
        || host.equals("[::1]");
  }

  boolean isTls() {
    return base.getScheme().equalsIgnoreCase("https");
  }

  String host() {
    String host = base.getHost();
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  int port() {
    return base.getPort() > 0 ? base.getPort() : isTls() ? 443 : 80;
  }

  /** The path of one of its resources. */
  String path(String resource) {
    String prefix = base.getRawPath();
    return (prefix == null ? "" : prefix) + resource;
  }
}
