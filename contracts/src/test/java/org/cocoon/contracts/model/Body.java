package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;
import org.cocoon.contracts.TonAddress;

/**
 * What a message says. Component names are those of the driver's requests; amounts may be out of
 * their range, and signatures and hashes (hexadecimal) may be forged.
 */
sealed interface Body {
  /** The name that the driver knows it by. */
  default String kind() {
    String name = getClass().getSimpleName();
    return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }

  record Empty() implements Body {}

  /** Bits that are no message. */
  record Bits(BigInteger value, int bits) implements Body {}

  record Prepay(String text) implements Body {}

  record Deposit(BigInteger amount) implements Body {}

  record Claim(
      BigInteger charged,
      long expires,
      String signature,
      BigInteger ceiling,
      long voucherExpires,
      String voucherSignature)
      implements Body {}

  record Withdraw(BigInteger amount) implements Body {}

  record Finish() implements Body {}

  record Release(
      BigInteger charged, BigInteger withdrawn, int closes, long expires, String signature)
      implements Body {}

  record RouterClose() implements Body {}

  record PaidBack(BigInteger amount) implements Body {}

  record Collect(BigInteger amount) implements Body {}

  record Register(TonAddress owner, String voucherKey) implements Body {}

  record Registered() implements Body {}

  record Unregister(TonAddress owner, String voucherKey) implements Body {}

  record Stake(BigInteger amount) implements Body {}

  /** A commitment as it stands in a message. */
  record Pledge(
      BigInteger epoch,
      String root,
      BigInteger earned,
      String digest,
      long expires,
      String signature) {}

  record Commit(Pledge pledge) implements Body {}

  record Node(String hash, BigInteger sum) {}

  record Leaf(String payee, BigInteger earned) {}

  record Payout(int index, int height, List<Node> siblings, List<Leaf> leaves) implements Body {}

  record Slash(Pledge first, Pledge second) implements Body {}

  record Retire() implements Body {}

  record Unstake() implements Body {}

  record CloseChannel(TonAddress owner, String voucherKey) implements Body {}

  record Sweep() implements Body {}

  record Earned(BigInteger epoch) implements Body {}

  record StakeBack(BigInteger amount) implements Body {}

  record Announce(String text) implements Body {}

  record Apply() implements Body {}

  record Cancel() implements Body {}

  record Revoke(String hash) implements Body {}

  record Transfer(TonAddress owner) implements Body {}

  record Accept() implements Body {}

  record Treasury(BigInteger amount) implements Body {}

  record Fine(BigInteger amount) implements Body {}

  record Excesses() implements Body {}

  /** What is left of a message that came back; the amount is 0 where it has none. */
  record Bounced(String of, BigInteger amount) implements Body {
    @Override
    public String kind() {
      return "bounced " + of;
    }
  }

  /** Something that no contract of ours sends. */
  record Strange(String what) implements Body {}
}
