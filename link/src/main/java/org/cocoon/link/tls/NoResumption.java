package org.cocoon.link.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.internal.tcnative.SSL;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/**
 * BoringSSL that resumes no session, at either end: a resumed one would skip the check of evidence.
 *
 * <p>A server gives no tickets, and a client keeps none that it is given. Netty turns tickets on
 * for each engine unless a system property was false when its classes were loaded, which a library
 * cannot ensure. So each engine's tickets are turned off here, after Netty has set it up.
 */
final class NoResumption extends OpenSSLEngineOptions {
  NoResumption() {
    setSessionCacheEnabled(false);
    setUseWorkerThread(true);
  }

  @Override
  public OpenSSLEngineOptions copy() {
    return new NoResumption();
  }

  @Override
  public SslContextFactory sslContextFactory() {
    return new Factory(super.sslContextFactory());
  }

  /** Hands every setting on, and wraps what comes out. */
  private record Factory(SslContextFactory inner) implements SslContextFactory {
    @Override
    public SslContextFactory useAlpn(boolean useAlpn) {
      inner.useAlpn(useAlpn);
      return this;
    }

    @Override
    public SslContextFactory clientAuth(ClientAuth clientAuth) {
      inner.clientAuth(clientAuth);
      return this;
    }

    @Override
    public SslContextFactory forClient(boolean forClient) {
      inner.forClient(forClient);
      return this;
    }

    @Override
    public SslContextFactory keyMananagerFactory(KeyManagerFactory factory) {
      inner.keyMananagerFactory(factory);
      return this;
    }

    @Override
    public SslContextFactory trustManagerFactory(TrustManagerFactory factory) {
      inner.trustManagerFactory(factory);
      return this;
    }

    @Override
    public SslContextFactory enabledCipherSuites(Set<String> suites) {
      inner.enabledCipherSuites(suites);
      return this;
    }

    @Override
    public SslContextFactory applicationProtocols(List<String> protocols) {
      inner.applicationProtocols(protocols);
      return this;
    }

    @Override
    public SslContextFactory serverName(String serverName) {
      inner.serverName(serverName);
      return this;
    }

    @Override
    public SslContext create() throws SSLException {
      SslContext context = inner.create();
      // Vert.x hands its setting to server contexts only; a client would still offer a session.
      ((OpenSslSessionContext) context.sessionContext()).setSessionCacheEnabled(false);
      return new Ticketless(context);
    }
  }

  private static final class Ticketless extends DelegatingSslContext {
    Ticketless(SslContext inner) {
      super(inner);
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      long pointer = ((ReferenceCountedOpenSslEngine) engine).sslPointer();
      SSL.setOptions(pointer, SSL.SSL_OP_NO_TICKET);
    }
  }
}
