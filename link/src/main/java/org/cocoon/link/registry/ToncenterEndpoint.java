package org.cocoon.link.registry;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks toncenter's HTTP interface, version 2, for the whole state of the registry's account.
 *
 * <p>One call, {@code getAddressInformation}, has the document, the announced one and what was
 * taken back of one and the same block, and the time of that block, which no get-method says. An
 * endpoint that stalls, lies or never ends costs one timeout and two MB. It follows no redirects.
 */
final class ToncenterEndpoint implements RegistryEndpoint {
  /** The longest answer, in bytes: code and data in base64, and little else. */
  static final int MAX_BODY_BYTES = 2 << 20;

  private static final String API = "/api/v2";
  private static final int MAX_NESTING = 64;
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_NESTING)
                  .maxStringLength(MAX_BODY_BYTES)
                  .build())
          .build();

  private final URI base;
  private final RegistryAddress registry;
  private final Duration timeout;
  private final HttpClient client;

  /**
   * Uses an endpoint.
   *
   * @param base as {@link #base} gives it
   * @param timeout for connecting, and again for an answer up to its last byte
   */
  ToncenterEndpoint(URI base, RegistryAddress registry, Duration timeout) {
    this.base = base;
    this.registry = registry;
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .version(HttpClient.Version.HTTP_1_1)
            .build();
  }

  /**
   * The address of an endpoint in the one form in which it is used: it ends with {@code /api/v2}.
   *
   * @throws IllegalArgumentException a sentence, if it is not https; plain http is only for this
   *     machine
   */
  static URI base(URI address) {
    String host = address.getHost();
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    if (host == null
        || address.getUserInfo() != null
        || address.getFragment() != null
        || address.getQuery() != null
        || !(scheme.equals("https") || (scheme.equals("http") && isLoopback(host)))) {
      throw new IllegalArgumentException(
          "--chain '"
              + address
              + "' must be like https://HOST/api/v2; plain http is only for this machine");
    }
    String text = address.toString().replaceFirst("/+$", "");
    return URI.create(text.endsWith(API) ? text : text + API);
  }

  private static boolean isLoopback(String host) {
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    try {
      // Only an address is looked at: a name could lead elsewhere at the next look.
      return InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Override
  public String name() {
    return base.toString();
  }

  @Override
  public RegistryState read() throws IOException {
    try {
      Account account = Account.parse(get());
      return RegistryState.read(account.data(), account.asOf());
    } catch (MalformedStateException e) {
      throw new IOException(
          "%s: there is no registry at %s: %s".formatted(base, registry, e.reason()), e);
    } catch (IOException e) {
      throw new IOException(base + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }

  private byte[] get() throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(base + "/getAddressInformation?address=" + registry.raw()))
            .timeout(timeout)
            .GET()
            .build();
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BODY_BYTES));
    try {
      // The request's own timeout ends with the headers; this one covers the body too.
      HttpResponse<byte[]> response = sent.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (response.statusCode() != 200) {
        throw new IOException("it answered with status " + response.statusCode());
      }
      return response.body();
    } catch (TimeoutException e) {
      throw new IOException("no whole answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      String message = cause.getMessage();
      throw new IOException(message == null ? cause.getClass().getSimpleName() : message, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("given up, since this node stops", e);
    } finally {
      sent.cancel(true);
    }
  }

  /**
   * What is needed of an answer.
   *
   * @param data bag of cells; empty where the account has none
   * @param asOf time of the block that it is from
   */
  private record Account(byte[] data, Instant asOf) {
    static Account parse(byte[] body) throws IOException {
      try (JsonParser json = JSON.createParser(body)) {
        return Account.read(json);
      } catch (com.fasterxml.jackson.core.JacksonException e) {
        throw new IOException("its answer is not JSON: " + e.getOriginalMessage(), e);
      }
    }

    /** {@code {"ok": true, "result": {"data": BASE64, "sync_utime": SECONDS, ...}, ...}}. */
    private static Account read(JsonParser json) throws IOException {
      boolean ok = false;
      Account account = null;
      require(json.nextToken() == JsonToken.START_OBJECT);
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        JsonToken value = json.nextToken();
        if (key.equals("ok")) {
          ok = value == JsonToken.VALUE_TRUE;
        } else if (key.equals("result") && value == JsonToken.START_OBJECT) {
          account = result(json);
        } else {
          json.skipChildren();
        }
      }
      if (!ok || account == null) {
        throw new IOException("it answered that it cannot say");
      }
      return account;
    }

    private static Account result(JsonParser json) throws IOException {
      @Nullable String data = null;
      long time = -1;
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String key = json.currentName();
        JsonToken value = json.nextToken();
        if (key.equals("data") && value == JsonToken.VALUE_STRING) {
          data = json.getText();
        } else if (key.equals("sync_utime") && value == JsonToken.VALUE_NUMBER_INT) {
          time = json.getLongValue();
        } else {
          json.skipChildren();
        }
      }
      require(data != null && time >= 0 && time <= Integer.toUnsignedLong(-1));
      try {
        return new Account(
            Base64.getDecoder().decode(data == null ? "" : data), Instant.ofEpochSecond(time));
      } catch (IllegalArgumentException e) {
        throw new IOException("its answer has data that are not base64", e);
      }
    }

    private static void require(boolean holds) throws IOException {
      if (!holds) {
        throw new IOException("its answer is not that of getAddressInformation");
      }
    }
  }
}
