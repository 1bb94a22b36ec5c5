package org.cocoon.link.tls;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Presents the identity of the moment in every handshake, whatever the other end asks for.
 *
 * <p>A handshake asks three times: for an alias, a certificate and a key. The alias is the
 * identity's fingerprint, and the one before is kept, so that a renewal in between mixes nothing.
 */
final class IdentityKeyManager extends X509ExtendedKeyManager {
  private static final String KEY_TYPE = "EC";

  private final Supplier<LinkIdentity> source;
  private final AtomicReference<Presented> presented;

  IdentityKeyManager(Supplier<LinkIdentity> source) {
    this.source = source;
    LinkIdentity first = source.get();
    this.presented = new AtomicReference<>(new Presented(first, first));
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    for (String keyType : keyTypes) {
      if (keyType.equals(KEY_TYPE)) {
        return alias();
      }
    }
    return null;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return keyType.equals(KEY_TYPE) ? alias() : null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineClientAlias(keyTypes, issuers, null);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return chooseEngineServerAlias(keyType, issuers, null);
  }

  @Override
  public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {alias()};
  }

  @Override
  public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return new String[] {alias()};
  }

  @Override
  public X509Certificate[] getCertificateChain(String alias) {
    return new X509Certificate[] {presented.get().named(alias).certificate()};
  }

  @Override
  public PrivateKey getPrivateKey(String alias) {
    return presented.get().named(alias).privateKey();
  }

  private String alias() {
    LinkIdentity now = source.get();
    presented.updateAndGet(
        known -> known.current() == now ? known : new Presented(now, known.current()));
    return now.fingerprint();
  }

  private record Presented(LinkIdentity current, LinkIdentity previous) {
    LinkIdentity named(String alias) {
      return previous.fingerprint().equals(alias) ? previous : current;
    }
  }
}
