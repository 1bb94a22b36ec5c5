package org.cocoon.link.evidence.collateral;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;

/**
 * A provisioning certificate caching server: version 4 of the HTTP interface of Intel's PCS, which
 * PCCS and compatible caches serve too.
 *
 * <p>From Intel's "SGX and TDX Provisioning Certification Service API", version 4. Everything is
 * bounded: an address that stalls, lies or never ends costs one timeout and 1 MB. It follows no
 * redirects. Safe for use by many threads.
 */
public final class PccsSource implements CollateralOrigin, AutoCloseable {
  /** Longest body of one answer, in bytes. */
  static final int MAX_BODY_BYTES = 1024 * 1024;

  private static final int MAX_CHAIN_CHARACTERS = 32 * 1024;
  private static final String API = "/sgx/certification/v4";

  private final URI base;
  private final Optional<URI> rootCrl;
  private final Duration timeout;
  private final HttpClient client;

  /**
   * Uses a server.
   *
   * @param base its address, for example {@code https://pccs.example:8081}; plain http only to this
   *     machine
   * @param rootCrl where the root's revocation list is, if the server has none (Intel's own service
   *     does not; the root certificate names the place)
   * @param timeout for each of the four answers, from connecting to its last byte
   * @throws IllegalArgumentException a sentence, if an address is not one of those
   */
  public PccsSource(URI base, Optional<URI> rootCrl, Duration timeout) {
    requireUsable(base);
    rootCrl.ifPresent(PccsSource::requireUsable);
    if (timeout.isNegative() || timeout.isZero()) {
      throw new IllegalArgumentException("the timeout must be more than zero");
    }
    this.base = withoutApi(base);
    this.rootCrl = rootCrl;
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NEVER)
            .version(HttpClient.Version.HTTP_1_1)
            .build();
  }

  @Override
  public Collateral fetch(PlatformName family) throws IOException {
    String fmspc = family.fmspc().toUpperCase(Locale.ROOT);
    Answer tcb = get(at("/tdx/certification/v4/tcb?fmspc=" + fmspc));
    SignedText tcbInfo = tcb.signed("tcbInfo");
    String tcbChain = tcb.chain("TCB-Info-Issuer-Chain");
    Answer qe = get(at("/tdx/certification/v4/qe/identity"));
    SignedText qeIdentity = qe.signed("enclaveIdentity");
    String qeChain = qe.chain("SGX-Enclave-Identity-Issuer-Chain");
    Answer pckCrl = get(at(API + "/pckcrl?ca=" + family.ca().word() + "&encoding=der"));
    String crlChain = pckCrl.chain("SGX-PCK-CRL-Issuer-Chain");
    Answer root = get(rootCrl.orElseGet(() -> at(API + "/rootcacrl")));
    return new Collateral(
        crlChain,
        root.crl(),
        pckCrl.crl(),
        tcbChain,
        tcbInfo.text(),
        tcbInfo.signature(),
        qeChain,
        qeIdentity.text(),
        qeIdentity.signature());
  }

  /** The server's address. */
  @Override
  public String toString() {
    return base.toString();
  }

  @Override
  public void close() {
    client.shutdownNow();
  }

  private URI at(String path) {
    return URI.create(base + path);
  }

  private Answer get(URI address) throws IOException {
    // One clock for all of it: those of the client end with the connection and with the headers.
    HttpRequest request = HttpRequest.newBuilder(address).GET().build();
    CompletableFuture<HttpResponse<byte[]>> sent =
        client.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_BODY_BYTES));
    try {
      HttpResponse<byte[]> response = sent.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (response.statusCode() != 200) {
        throw new IOException(address + ": it answered with status " + response.statusCode());
      }
      return new Answer(address, response.headers(), response.body());
    } catch (TimeoutException e) {
      throw new IOException(address + ": no whole answer within " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException(address + ": " + reason(e), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(address + ": given up, since this node stops", e);
    } finally {
      sent.cancel(true);
    }
  }

  /** An exception without words has only its name to say what it is. */
  private static String reason(ExecutionException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }

  private static void requireUsable(URI address) {
    String host = address.getHost();
    if (host == null || address.getUserInfo() != null || address.getFragment() != null) {
      throw new IllegalArgumentException(
          "'" + address + "' must be https://HOST[:PORT], without a user and a fragment");
    }
    String scheme = address.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.equals("https") && !(scheme.equals("http") && isLoopback(host))) {
      throw new IllegalArgumentException(
          "'" + address + "' must be https; plain http is only for this machine");
    }
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

  /** Operators know the address with the interface's path from Intel's configuration files. */
  private static URI withoutApi(URI address) {
    if (address.getQuery() != null) {
      throw new IllegalArgumentException("'" + address + "' must have no query");
    }
    String text = address.toString();
    for (String end : List.of("/", API)) {
      text = text.endsWith(end) ? text.substring(0, text.length() - end.length()) : text;
    }
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("'" + address + "' is no address", e);
    }
  }

  /** One answer with status 200, nothing of it believed yet. */
  private record Answer(URI address, HttpHeaders headers, byte[] body) {
    SignedText signed(String name) throws IOException {
      try {
        return SignedText.read(body, name);
      } catch (IOException e) {
        throw new IOException(address + ": " + e.getMessage(), e);
      }
    }

    String chain(String header) throws IOException {
      List<String> values = headers.allValues(header);
      if (values.size() != 1 || values.getFirst().length() > MAX_CHAIN_CHARACTERS) {
        throw new IOException(
            address + ": header " + header + " is not there once, or is longer than 32 KB");
      }
      try {
        return PccsAnswers.chain(values.getFirst());
      } catch (IOException e) {
        throw new IOException(address + ": " + e.getMessage(), e);
      }
    }

    byte[] crl() throws IOException {
      try {
        return PccsAnswers.crl(body);
      } catch (IOException e) {
        throw new IOException(address + ": " + e.getMessage(), e);
      }
    }
  }
}
