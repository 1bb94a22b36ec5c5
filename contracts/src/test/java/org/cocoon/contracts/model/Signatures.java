package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;

/**
 * Signs and verifies statements by the module's own code, and remembers what each signature was
 * made for, so that it can be told without any cryptography what it is worth.
 */
final class Signatures {
  private static final HexFormat HEX = HexFormat.of();
  private static final long LAST_SECOND = 0xffff_ffffL;

  private final Map<String, String> purposes = new HashMap<>();

  /** What a signature was made for; empty: nobody made it. */
  String purpose(String signature) {
    return purposes.getOrDefault(signature, "");
  }

  static String hex(ReceiptKey key) {
    return HEX.formatHex(key.publicKey());
  }

  /** How the purpose of a statement is written. */
  static String purposeOf(
      String kind, int network, TonAddress contract, String key, Object... fields) {
    StringBuilder text = new StringBuilder(kind + " " + network + " " + contract + " " + key);
    for (Object field : fields) {
      text.append(' ').append(field);
    }
    return text.toString();
  }

  String voucher(ReceiptKey key, int network, TonAddress contract, long ceiling, long expires) {
    Voucher made = Voucher.sign(key, network, contract, new NanoTon(ceiling), expires);
    return kept(
        made.signature(), purposeOf("voucher", network, contract, hex(key), ceiling, expires));
  }

  String charge(ReceiptKey key, int network, TonAddress contract, long charged, long expires) {
    Charge made = Charge.sign(key, network, contract, new NanoTon(charged), expires);
    return kept(
        made.signature(), purposeOf("charge", network, contract, hex(key), charged, expires));
  }

  String release(
      ReceiptKey key,
      int network,
      TonAddress contract,
      long charged,
      long withdrawn,
      boolean closes,
      long expires) {
    Release made =
        Release.sign(
            key, network, contract, new NanoTon(charged), new NanoTon(withdrawn), closes, expires);
    return kept(
        made.signature(),
        purposeOf(
            "release", network, contract, hex(key), charged, withdrawn, closes ? 1 : 0, expires));
  }

  /** Signs a commitment; its signature in the pledge is of no account. */
  Body.Pledge commitment(ReceiptKey key, int network, TonAddress contract, Body.Pledge pledge) {
    Commitment made =
        Commitment.sign(
            key,
            network,
            contract,
            pledge.epoch().longValueExact(),
            HEX.parseHex(pledge.root()),
            new NanoTon(pledge.earned().longValueExact()),
            HEX.parseHex(pledge.digest()),
            pledge.expires());
    String signature = kept(made.signature(), purposeOf(network, contract, hex(key), pledge));
    return new Body.Pledge(
        pledge.epoch(),
        pledge.root(),
        pledge.earned(),
        pledge.digest(),
        pledge.expires(),
        signature);
  }

  static String purposeOf(int network, TonAddress contract, String key, Body.Pledge pledge) {
    return purposeOf(
        "commitment",
        network,
        contract,
        key,
        pledge.epoch(),
        pledge.root(),
        pledge.earned(),
        pledge.digest(),
        pledge.expires());
  }

  private String kept(byte[] signature, String purpose) {
    String hex = HEX.formatHex(signature);
    purposes.put(hex, purpose);
    return hex;
  }

  static boolean isVoucher(TonAddress channel, String key, Body.Claim claim) {
    return canBeStated(claim.ceiling(), claim.voucherExpires())
        && new Voucher(
                Tvm.NETWORK,
                channel,
                nanos(claim.ceiling()),
                claim.voucherExpires(),
                HEX.parseHex(claim.voucherSignature()))
            .isSignedBy(HEX.parseHex(key));
  }

  static boolean isCharge(TonAddress channel, String key, Body.Claim claim) {
    return canBeStated(claim.charged(), claim.expires())
        && new Charge(
                Tvm.NETWORK,
                channel,
                nanos(claim.charged()),
                claim.expires(),
                HEX.parseHex(claim.signature()))
            .isSignedBy(HEX.parseHex(key));
  }

  static boolean isRelease(TonAddress channel, String key, Body.Release release) {
    return canBeStated(release.charged(), release.expires())
        && canBeStated(release.withdrawn(), release.expires())
        && new Release(
                Tvm.NETWORK,
                channel,
                nanos(release.charged()),
                nanos(release.withdrawn()),
                release.closes() == 1,
                release.expires(),
                HEX.parseHex(release.signature()))
            .isSignedBy(HEX.parseHex(key));
  }

  static boolean isCommitment(TonAddress settlement, String key, Body.Pledge pledge) {
    return canBeStated(pledge.earned(), pledge.expires())
        && pledge.epoch().signum() > 0
        && canBeStated(pledge.epoch(), pledge.expires())
        && stated(settlement, pledge).isSignedBy(HEX.parseHex(key));
  }

  /** The statement's hash, hexadecimal. */
  static String hash(TonAddress settlement, Body.Pledge pledge) {
    return HEX.formatHex(stated(settlement, pledge).hash());
  }

  private static Commitment stated(TonAddress settlement, Body.Pledge pledge) {
    return new Commitment(
        Tvm.NETWORK,
        settlement,
        pledge.epoch().longValueExact(),
        HEX.parseHex(pledge.root()),
        nanos(pledge.earned()),
        HEX.parseHex(pledge.digest()),
        pledge.expires(),
        HEX.parseHex(pledge.signature()));
  }

  /** What our code states has amounts below 2^63 and seconds below 2^32: so nobody signs others. */
  private static boolean canBeStated(BigInteger amount, long expires) {
    return amount.bitLength() < Long.SIZE && expires <= LAST_SECOND;
  }

  private static NanoTon nanos(BigInteger amount) {
    return new NanoTon(Objects.requireNonNull(amount).longValueExact());
  }
}
