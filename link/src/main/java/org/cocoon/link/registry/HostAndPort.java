package org.cocoon.link.registry;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where something listens.
 *
 * @param host a name, an IPv4 address, or an IPv6 address without brackets
 * @param port 1 to 65,535
 */
public record HostAndPort(String host, int port) {
  private static final Pattern FORM =
      Pattern.compile("(?:\\[([0-9a-fA-F:.]{2,45})]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})");
  private static final int MAX_PORT = 65_535;

  /**
   * Reads {@code HOST:PORT} or {@code [v6]:PORT}.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static HostAndPort parse(String text) {
    Matcher form = FORM.matcher(text);
    if (form.matches()) {
      int port = Integer.parseInt(form.group(3));
      String host = form.group(1) == null ? form.group(2) : form.group(1);
      if (host != null && port >= 1 && port <= MAX_PORT) {
        return new HostAndPort(host, port);
      }
    }
    throw new IllegalArgumentException("'%s' is no HOST:PORT".formatted(text));
  }

  /** As it is read. */
  @Override
  public String toString() {
    return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
  }
}
