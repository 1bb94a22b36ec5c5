package org.cocoon.link.keys;

import com.google.protobuf.ByteString;
import java.security.cert.CertificateEncodingException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.cocoon.link.seal.GroupPublicKey;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.tls.LinkIdentity;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;

/** What the key manager signs of its keys, once for each key and identity. One thread. */
final class Statements {
  private final Map<String, GroupKeyStatement> byKeyId = new HashMap<>();
  private LinkIdentity identity;

  Statements(LinkIdentity identity) {
    this.identity = identity;
  }

  /** Signs with another identity from now on; false if it is the same. */
  boolean use(LinkIdentity another) {
    if (identity == another) {
      return false;
    }
    identity = another;
    byKeyId.clear();
    return true;
  }

  /** The statement of a key, under the identity of now. */
  GroupKeyStatement of(GroupPublicKey key) {
    return byKeyId.computeIfAbsent(key.keyId(), ignored -> sign(key, identity));
  }

  /** Keeps the statements of these keys alone. */
  void retain(Set<String> keyIds) {
    byKeyId.keySet().retainAll(keyIds);
  }

  static GroupKeyStatement sign(GroupPublicKey key, LinkIdentity identity) {
    byte[] signed =
        GroupKey.newBuilder()
            .setKeyId(key.keyId())
            .setModel(key.model())
            .setEpoch(key.epoch())
            .setPublicKey(ByteString.copyFrom(key.publicKey()))
            .setNotBeforeMillis(key.notBefore().toEpochMilli())
            .setNotAfterMillis(key.notAfter().toEpochMilli())
            .build()
            .toByteArray();
    try {
      return GroupKeyStatement.newBuilder()
          .setKey(ByteString.copyFrom(signed))
          .setSignature(ByteString.copyFrom(identity.sign(StatementVerifier.LABEL, signed)))
          .setCertificate(ByteString.copyFrom(identity.certificate().getEncoded()))
          .build();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("our own certificate has no encoding", e);
    }
  }
}
