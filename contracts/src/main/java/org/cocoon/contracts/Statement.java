package org.cocoon.contracts;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * What all signed statements about money share: the network and the contract that they are for, and
 * one way to sign them. The layout is in docs/SETTLEMENT.md.
 *
 * @param label kind and version, 16 characters of ASCII
 * @param networkId TON's global id
 * @param contract that shall accept it
 * @param body what is stated
 */
record Statement(String label, int networkId, TonAddress contract, byte[] body) {
  private static final int LABEL_BYTES = 16;
  private static final byte VERSION = 1;
  private static final int FIXED_BYTES = 1 + Integer.BYTES + TonAddress.BYTES;

  /** A statement with its signature. */
  record Signed(Statement statement, byte[] signature) {}

  /** What is signed: SHA-256 of label, network, contract and body; 32 bytes. */
  byte[] hash() {
    MessageDigest sha256 = sha256();
    sha256.update(label.getBytes(StandardCharsets.US_ASCII));
    sha256.update(ByteBuffer.allocate(Integer.BYTES).putInt(networkId).array());
    sha256.update(contract.bytes());
    return sha256.digest(body);
  }

  byte[] sign(ReceiptKey key) {
    return key.sign(hash());
  }

  boolean isSignedBy(byte[] publicKey, byte[] signature) {
    byte[] hash = hash();
    return publicKey.length == Ed25519.PUBLIC_KEY_SIZE
        && signature.length == Ed25519.SIGNATURE_SIZE
        && Ed25519.verify(signature, 0, publicKey, 0, hash, 0, hash.length);
  }

  /** Version, network, contract, body, signature. */
  byte[] encode(byte[] signature) {
    return ByteBuffer.allocate(FIXED_BYTES + body.length + signature.length)
        .put(VERSION)
        .putInt(networkId)
        .put(contract.bytes())
        .put(body)
        .put(signature)
        .array();
  }

  String toText(byte[] signature) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(encode(signature));
  }

  static Signed decode(String label, int bodyBytes, byte[] bytes) {
    if (bytes.length != FIXED_BYTES + bodyBytes + Ed25519.SIGNATURE_SIZE) {
      throw new IllegalArgumentException("no statement of this kind has this length");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.get() != VERSION) {
      throw new IllegalArgumentException("unknown version " + bytes[0]);
    }
    int networkId = in.getInt();
    TonAddress contract = TonAddress.read(in);
    byte[] body = new byte[bodyBytes];
    in.get(body);
    byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
    in.get(signature);
    return new Signed(new Statement(label, networkId, contract, body), signature);
  }

  static Signed parse(String label, int bodyBytes, String text) {
    int most = FIXED_BYTES + bodyBytes + Ed25519.SIGNATURE_SIZE;
    if (text.length() > (most * 4 + 2) / 3) {
      throw new IllegalArgumentException("too long for such a statement");
    }
    Signed signed = decode(label, bodyBytes, Base64.getUrlDecoder().decode(text));
    if (!signed.statement().toText(signed.signature()).equals(text)) {
      throw new IllegalArgumentException("not the canonical spelling of a statement");
    }
    return signed;
  }

  static byte[] signature(byte[] bytes) {
    if (bytes.length != Ed25519.SIGNATURE_SIZE) {
      throw new IllegalArgumentException("a signature has 64 bytes, not " + bytes.length);
    }
    return bytes.clone();
  }

  /** Seconds since 1970, of which TON has 32 bits. */
  static long expires(long seconds) {
    if (seconds < 0 || seconds > 0xffff_ffffL) {
      throw new IllegalArgumentException("expires: 0 to 2^32 - 1 seconds, not " + seconds);
    }
    return seconds;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Statement that
        && label.equals(that.label)
        && networkId == that.networkId
        && contract.equals(that.contract)
        && Arrays.equals(body, that.body);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash());
  }

  static {
    for (String label :
        new String[] {
          Voucher.LABEL, Charge.LABEL, Release.LABEL, Commitment.LABEL, KeyGrant.LABEL
        }) {
      if (label.length() != LABEL_BYTES) {
        throw new IllegalStateException("a label of another length: " + label);
      }
    }
  }
}
