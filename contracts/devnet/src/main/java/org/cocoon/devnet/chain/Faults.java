package org.cocoon.devnet.chain;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.chain.ChainException.Kind;

/** The faults that were asked for, and the dice that decide when one happens. For one thread. */
public final class Faults {
  /** Most rules at a time. */
  public static final int MAX_RULES = 64;

  private final List<FaultRule> rules = new ArrayList<>();
  private Random random;

  Faults(long seed) {
    random = new Random(seed);
  }

  /** The rules in force, in order: the first that applies counts. */
  public List<FaultRule> rules() {
    return List.copyOf(rules);
  }

  /** Replaces all rules; the dice start anew with the seed. */
  void replace(List<FaultRule> wanted, long seed) {
    if (wanted.size() > MAX_RULES) {
      throw new ChainException(Kind.WRONG, "there are at most " + MAX_RULES + " fault rules");
    }
    rules.clear();
    rules.addAll(wanted);
    random = new Random(seed);
  }

  /** Drops rules whose time is over. */
  void expire(long now) {
    rules.removeIf(rule -> rule.untilSeconds() <= now);
  }

  /** What happens to a message; a rule with a count is used up by it. */
  FaultRule.Effect decide(FaultRule.Where where, Address destination) {
    for (Iterator<FaultRule> it = rules.iterator(); it.hasNext(); ) {
      FaultRule rule = it.next();
      boolean applies =
          rule.where() == where
              && (rule.destination() == null || rule.destination().equals(destination));
      if (!applies || random.nextDouble() >= rule.probability()) {
        continue;
      }
      use(rule);
      return rule.effect();
    }
    return FaultRule.Effect.NONE;
  }

  private void use(FaultRule rule) {
    int at = rules.indexOf(rule);
    if (rule.count() == 1) {
      rules.remove(at);
    } else if (rule.count() > 1) {
      rules.set(at, rule.once());
    }
  }
}
