package org.cocoon.bench.oracle;

import java.util.Random;
import org.cocoon.link.evidence.Collateral;

/** Changes of finished collateral that nobody signs again. */
final class CollateralTexts {
  private CollateralTexts() {}

  /** Changes a case's collateral in one way, or takes one part from another case's. */
  static Case changed(Case base, Case other, Random random) {
    int part = random.nextInt(9);
    if (random.nextInt(5) == 0) {
      return base.with(
          "other's part " + part, replaced(base.collateral(), part, other.collateral()));
    }
    return base.with("part " + part, replaced(base.collateral(), part, random));
  }

  private static Collateral replaced(Collateral of, int part, Collateral by) {
    return new Collateral(
        (part == 0 ? by : of).pckCrlIssuerChain(),
        (part == 1 ? by : of).rootCaCrl(),
        (part == 2 ? by : of).pckCrl(),
        (part == 3 ? by : of).tcbInfoIssuerChain(),
        (part == 4 ? by : of).tcbInfo(),
        (part == 5 ? by : of).tcbInfoSignature(),
        (part == 6 ? by : of).qeIdentityIssuerChain(),
        (part == 7 ? by : of).qeIdentity(),
        (part == 8 ? by : of).qeIdentitySignature());
  }

  private static Collateral replaced(Collateral of, int part, Random random) {
    Collateral changed =
        new Collateral(
            text(of.pckCrlIssuerChain(), random),
            bytes(of.rootCaCrl(), random),
            bytes(of.pckCrl(), random),
            text(of.tcbInfoIssuerChain(), random),
            text(of.tcbInfo(), random),
            bytes(of.tcbInfoSignature(), random),
            text(of.qeIdentityIssuerChain(), random),
            text(of.qeIdentity(), random),
            bytes(of.qeIdentitySignature(), random));
    return replaced(of, part, changed);
  }

  private static String text(String text, Random random) {
    int at = random.nextInt(text.length());
    String before = text.substring(0, at);
    return switch (random.nextInt(6)) {
      case 0 -> before;
      case 1 -> before + " " + text.substring(at);
      case 2 -> before + text.substring(at + 1);
      default -> before + (char) (0x20 + random.nextInt(0x5f)) + text.substring(at + 1);
    };
  }

  private static byte[] bytes(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length);
    return switch (random.nextInt(8)) {
      case 0 -> java.util.Arrays.copyOf(bytes, at);
      case 1 -> QuoteBytes.inserted(bytes, at, new byte[1 + random.nextInt(4)]);
      case 2 -> QuoteBytes.removed(bytes, at, 1 + random.nextInt(4));
      default -> {
        byte[] changed = bytes.clone();
        changed[at] ^= (byte) (1 + random.nextInt(255));
        yield changed;
      }
    };
  }
}
