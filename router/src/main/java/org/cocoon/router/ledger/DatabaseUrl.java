package org.cocoon.router.ledger;

import io.vertx.pgclient.PgConnectOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;

/**
 * Where a PostgreSQL database is and how to log in: {@code
 * postgresql://user:password@host:port/database}.
 *
 * @param host name or address
 * @param port 1 to 65535
 * @param database its name
 * @param user its name
 * @param password may be empty; never printed
 */
public record DatabaseUrl(String host, int port, String database, String user, String password) {
  private static final int DEFAULT_PORT = 5432;
  private static final int PREPARED_STATEMENTS = 64;

  /** Checks that nothing but the password is empty. */
  public DatabaseUrl {
    if (host.isEmpty() || database.isEmpty() || user.isEmpty() || port < 1 || port > 65_535) {
      throw malformed();
    }
  }

  /**
   * Reads a URL; user, password and database may be percent-encoded, the port defaults to 5432.
   *
   * @throws IllegalArgumentException that shows the right form, and never the password
   */
  public static DatabaseUrl parse(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException e) {
      throw malformed(); // without the cause, which quotes the password
    }
    String scheme = uri.getScheme();
    String host = uri.getHost();
    String path = uri.getRawPath();
    String user = uri.getRawUserInfo();
    if (!("postgresql".equals(scheme) || "postgres".equals(scheme))
        || host == null
        || path == null
        || path.length() < 2
        || user == null
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw malformed();
    }
    int colon = user.indexOf(':');
    return new DatabaseUrl(
        host,
        uri.getPort() == -1 ? DEFAULT_PORT : uri.getPort(),
        decode(path.substring(1)),
        decode(colon < 0 ? user : user.substring(0, colon)),
        colon < 0 ? "" : decode(user.substring(colon + 1)));
  }

  /** For JDBC; user and password are given apart. */
  public String jdbcUrl() {
    return "jdbc:postgresql://" + host + ":" + port + "/" + database;
  }

  PgConnectOptions connectOptions() {
    return new PgConnectOptions()
        .setHost(host.startsWith("[") ? host.substring(1, host.length() - 1) : host)
        .setPort(port)
        .setDatabase(database)
        .setUser(user)
        .setPassword(password)
        .setCachePreparedStatements(true)
        .setPreparedStatementCacheMaxSize(PREPARED_STATEMENTS);
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "postgresql://" + user + "@" + host + ":" + port + "/" + database;
  }

  private static String decode(String encoded) {
    try {
      return URLDecoder.decode(encoded.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw malformed();
    }
  }

  private static IllegalArgumentException malformed() {
    return new IllegalArgumentException(
        "a database URL looks like postgresql://user:password@host:5432/database");
  }
}
