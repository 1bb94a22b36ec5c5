package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Takes a quote apart where its signatures reach, and puts it together again. */
public final class QuoteParts {
  /** Header and body. */
  public static final int SIGNED_BYTES = 632;

  /** Signature and attestation key, which begin after the signature data's length. */
  static final int KEYS_OFFSET = SIGNED_BYTES + 4;

  static final int KEYS_BYTES = 128;

  /** Report and signature of the quoting enclave, and the authentication data's length. */
  static final int QE_OFFSET = KEYS_OFFSET + KEYS_BYTES + 6;

  static final int QE_BYTES = 384 + 64;
  private static final int AUTH_OFFSET = QE_OFFSET + QE_BYTES + 2;
  private static final int AUTH_BYTES = 32;
  private static final int CHAIN_OFFSET = AUTH_OFFSET + AUTH_BYTES + 6;

  private static final Pattern CERTIFICATE =
      Pattern.compile("-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----");

  private QuoteParts() {}

  /** Every offset whose byte some signature or pinned hash covers, outside of the chain. */
  static List<Integer> signedOffsets() {
    List<Integer> offsets = new ArrayList<>();
    addRange(offsets, 0, SIGNED_BYTES);
    addRange(offsets, KEYS_OFFSET, KEYS_BYTES);
    addRange(offsets, QE_OFFSET, QE_BYTES);
    addRange(offsets, AUTH_OFFSET, AUTH_BYTES);
    return offsets;
  }

  /** What the quoting enclave adds to the attestation key in the hash that it vouches for. */
  static byte[] authData(byte[] quote) {
    return Arrays.copyOfRange(quote, AUTH_OFFSET, AUTH_OFFSET + AUTH_BYTES);
  }

  /** DER of platform, CA and root certificate. */
  static List<byte[]> chain(byte[] quote) {
    String pem = new String(quote, CHAIN_OFFSET, quote.length - CHAIN_OFFSET, US_ASCII);
    Matcher matcher = CERTIFICATE.matcher(pem);
    List<byte[]> chain = new ArrayList<>();
    while (matcher.find()) {
      chain.add(Base64.getMimeDecoder().decode(matcher.group(1)));
    }
    return chain;
  }

  /** The same quote with another chain, all lengths in order. */
  static byte[] withChain(byte[] quote, List<byte[]> chain) {
    StringBuilder pem = new StringBuilder();
    chain.forEach(der -> pem.append(SimulatedAuthority.pem("CERTIFICATE", der)));
    return withChain(quote, pem.toString().getBytes(US_ASCII));
  }

  static byte[] withChain(byte[] quote, byte[] chain) {
    ByteBuffer buffer =
        ByteBuffer.allocate(CHAIN_OFFSET + chain.length).order(ByteOrder.LITTLE_ENDIAN);
    buffer.put(quote, 0, CHAIN_OFFSET).put(chain);
    buffer.putInt(SIGNED_BYTES, buffer.capacity() - KEYS_OFFSET);
    buffer.putInt(QE_OFFSET - 4, buffer.capacity() - QE_OFFSET);
    buffer.putInt(CHAIN_OFFSET - 4, chain.length);
    return buffer.array();
  }

  private static void addRange(List<Integer> offsets, int from, int length) {
    for (int offset = from; offset < from + length; offset++) {
      offsets.add(offset);
    }
  }
}
