package org.cocoon.client.account;

import java.time.Duration;
import java.util.function.Supplier;
import org.cocoon.client.CocoonClient.Reply;
import org.cocoon.client.Json;

/** Asks a router again until it is done. */
final class Waiting {
  private static final Duration USUAL_PAUSE = Duration.ofSeconds(2);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

  private Waiting() {}

  /**
   * Asks until the answer is more than "accepted" (202).
   *
   * @param what is waited for, for people
   * @throws CommandFailure if it takes longer than the patience
   */
  static Json until(AccountCommand command, Duration patience, String what, Supplier<Reply> ask) {
    long end = System.nanoTime() + patience.toNanos();
    while (true) {
      Reply reply = ask.get();
      if (reply.status() != 202) {
        return reply.body();
      }
      if (System.nanoTime() - end > 0) {
        throw new CommandFailure(
            "After %d s it is not known yet whether %s: run the same command again, it goes on from here."
                .formatted(patience.toSeconds(), what));
      }
      command.step("waiting until " + what);
      pause(reply.retryAfter().orElse(USUAL_PAUSE));
    }
  }

  private static void pause(Duration wanted) {
    Duration pause = wanted.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : wanted;
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailure("Interrupted: run the same command again, it goes on from here.");
    }
  }
}
