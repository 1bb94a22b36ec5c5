package org.cocoon.link.seal;

import java.util.Objects;
import org.cocoon.link.wire.PrivatePrompt;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.SealedPrompt;

/** Prints what sealing costs on this machine; run it by hand. */
final class SealTimings {
  private static final int ROUNDS = 5;

  private SealTimings() {}

  private interface Work {
    void run(int times);
  }

  public static void main(String[] args) {
    Group group = new Group(1);
    PrivatePrompt small = Group.chat("x".repeat(1_000));
    PrivatePrompt large = Group.chat("x".repeat(1 << 20));
    SealedPrompt sealed = group.seal(small, 0).request();
    SealedPrompt sealedLarge = group.seal(large, 0).request();
    time("seal a prompt of 1 kB", 2_000, times -> repeat(times, () -> group.seal(small, 0)));
    time("open a prompt of 1 kB", 2_000, times -> repeat(times, () -> group.opened(sealed)));
    time("seal a prompt of 1 MiB", 20, times -> repeat(times, () -> group.seal(large, 0)));
    time("open a prompt of 1 MiB", 20, times -> repeat(times, () -> group.opened(sealedLarge)));
    time(
        "begin an attempt",
        2_000,
        times -> {
          AnswerSecret secret = secret(group, small);
          repeat(times, () -> Attempt.sealing(secret, new byte[SealedFormat.SALT_BYTES]));
        });
    PrivateTokens token = Group.tokens(" word", 12_345);
    time("seal a chunk of one token", 100_000, times -> sealMany(group, sealed, token, times));
    time(
        "seal and open a chunk of one token",
        100_000,
        times -> {
          SealedExchange exchange = group.seal(small, 0);
          AnswerSealer sealer = group.opened(exchange.request()).answer().begin();
          for (int i = 0; i < times; i++) {
            if (exchange.open(sealer.seal(token, false), 1) instanceof Opened.Broken) {
              throw new AssertionError();
            }
          }
        });
  }

  private static AnswerSecret secret(Group group, PrivatePrompt prompt) {
    byte[] encapsulated = group.seal(prompt, 0).request().getEncapsulated().toByteArray();
    return new AnswerSecret(
        SealedFormat.hpke()
            .setupBaseR(
                encapsulated,
                Objects.requireNonNull(group.privateKey.pair()),
                SealedFormat.PROMPT_INFO),
        encapsulated);
  }

  private static void sealMany(Group group, SealedPrompt prompt, PrivateTokens token, int times) {
    AnswerSealer sealer = group.opened(prompt).answer().begin();
    repeat(times, () -> sealer.seal(token, false));
  }

  private static void repeat(int times, Runnable work) {
    for (int i = 0; i < times; i++) {
      work.run();
    }
  }

  private static void time(String what, int times, Work work) {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS; round++) {
      long from = System.nanoTime();
      work.run(times);
      best = Math.min(best, System.nanoTime() - from);
    }
    System.out.printf("%-36s %9.2f us%n", what, best / 1e3 / times);
  }
}
