package org.cocoon.link.tls;

import io.netty.handler.ssl.OpenSsl;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TCPSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Makes Vert.x options for both ends of a link: TLS 1.3 by BoringSSL, both ends attested in every
 * handshake, HTTP/2 on top.
 *
 * <p>Only BoringSSL is used: it is what links are measured and tested with, and there resumption
 * can be turned off from code. With the JDK's own TLS it depends on how the JVM was started.
 */
public final class AttestedTls {
  private static final int HANDSHAKE_TIMEOUT_SECONDS = 10;
  private static final List<String> CIPHER_SUITES =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");

  private AttestedTls() {}

  /** Options of the end that listens, for an identity that outlives it. */
  public static HttpServerOptions serverOptions(LinkIdentity identity, PeerVerifier verifier) {
    return serverOptions(() -> identity, verifier);
  }

  /** Options of the end that dials, for an identity that outlives it. */
  public static HttpClientOptions clientOptions(LinkIdentity identity, PeerVerifier verifier) {
    return clientOptions(() -> identity, verifier);
  }

  /**
   * Options of the end that listens; set host and port on them.
   *
   * @param identity asked in each handshake, for example a {@link RenewingIdentity}
   * @param verifier decides who may connect
   * @throws IllegalStateException if BoringSSL cannot be loaded, as a sentence
   */
  public static HttpServerOptions serverOptions(
      Supplier<LinkIdentity> identity, PeerVerifier verifier) {
    HttpServerOptions options = new HttpServerOptions();
    attest(options, identity, verifier);
    return options
        .setClientAuth(ClientAuth.REQUIRED)
        .setAlpnVersions(List.of(HttpVersion.HTTP_2))
        .setHttp2ClearTextEnabled(false);
  }

  /**
   * Options of the end that dials. The name that it dials is not checked: who answers is known by
   * evidence.
   *
   * @param identity asked in each handshake, for example a {@link RenewingIdentity}
   * @param verifier decides who may answer
   * @throws IllegalStateException if BoringSSL cannot be loaded, as a sentence
   */
  public static HttpClientOptions clientOptions(
      Supplier<LinkIdentity> identity, PeerVerifier verifier) {
    HttpClientOptions options = new HttpClientOptions();
    attest(options, identity, verifier);
    return options
        .setVerifyHost(false)
        .setProtocolVersion(HttpVersion.HTTP_2)
        .setAlpnVersions(List.of(HttpVersion.HTTP_2))
        .setHttp2ClearTextUpgrade(false);
  }

  /**
   * Options of a server that presents its evidence to clients and asks them for none; set host and
   * port on them. HTTP/2 and HTTP/1.1.
   *
   * @param identity asked in each handshake, for example a {@link RenewingIdentity}
   * @throws IllegalStateException if BoringSSL cannot be loaded, as a sentence
   */
  public static HttpServerOptions openServerOptions(Supplier<LinkIdentity> identity) {
    HttpServerOptions options = new HttpServerOptions();
    secure(options).setKeyCertOptions(KeyCertOptions.wrap(new IdentityKeyManager(identity)));
    return options
        .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
        .setHttp2ClearTextEnabled(false);
  }

  /**
   * Options of a client that verifies the evidence of whom it dials and presents none. It offers
   * HTTP/2 and HTTP/1.1. The name that it dials is not checked: who answers is known by evidence.
   *
   * @param verifier decides who may answer
   * @throws IllegalStateException if BoringSSL cannot be loaded, as a sentence
   */
  public static HttpClientOptions clientOptionsWithoutIdentity(PeerVerifier verifier) {
    HttpClientOptions options = new HttpClientOptions();
    secure(options).setTrustOptions(TrustOptions.wrap(verifier));
    return options
        .setVerifyHost(false)
        .setProtocolVersion(HttpVersion.HTTP_2)
        .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1))
        .setHttp2ClearTextUpgrade(false);
  }

  private static void attest(
      TCPSSLOptions options, Supplier<LinkIdentity> identity, PeerVerifier verifier) {
    secure(options)
        .setKeyCertOptions(KeyCertOptions.wrap(new IdentityKeyManager(identity)))
        .setTrustOptions(TrustOptions.wrap(verifier));
  }

  private static TCPSSLOptions secure(TCPSSLOptions options) {
    if (!OpenSsl.isAvailable()) {
      throw new IllegalStateException(
          "links need BoringSSL, and this platform's library cannot be loaded: "
              + OpenSsl.unavailabilityCause());
    }
    options
        .setSsl(true)
        .setUseAlpn(true)
        .setSslEngineOptions(new NoResumption())
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setSslHandshakeTimeout(HANDSHAKE_TIMEOUT_SECONDS)
        .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS);
    CIPHER_SUITES.forEach(options::addEnabledCipherSuite);
    return options;
  }
}
