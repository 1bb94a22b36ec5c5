package org.cocoon.worker.engine;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How much of the engine each account had, so that whoever had least goes next.
 *
 * <p>The Virtual Token Counter of Sheng et al. (Fairness in Serving Large Language Models, OSDI
 * 2024): an account's counter grows by what is computed for it, a token of an answer counting as
 * two of a prompt. One that comes back after a pause starts no lower than the lowest of those who
 * are there, so that nobody saves up. Two accounts that always have requests waiting get the same
 * within a constant, however many each sends.
 *
 * <p>Accounts that are away are remembered up to a bound, longest away first to be forgotten. One
 * thread.
 */
final class FairShare {
  /** What a token of an answer counts, in tokens of a prompt. */
  static final int ANSWER_WEIGHT = 2;

  private static final int REMEMBERED = 4096;

  private final Map<String, Account> present = new LinkedHashMap<>();
  private final Map<String, Account> away = new LinkedHashMap<>();
  private long floor;

  /** One account: what it had, and what it has now. */
  static final class Account {
    private final String name;
    private long served;
    private int requests;
    private int running;

    Account(String name) {
      this.name = name;
    }

    /** What was computed for it, in tokens of a prompt. */
    long served() {
      return served;
    }

    void charge(long promptTokens) {
      served += promptTokens;
    }

    /** How many slots it has. */
    int running() {
      return running;
    }

    void started() {
      running++;
    }

    void stopped() {
      running--;
    }
  }

  /** Says that an account has one request more. */
  Account join(String name) {
    Account account = present.get(name);
    if (account == null) {
      account = away.remove(name);
      if (account == null) {
        account = new Account(name);
      }
      raiseFloor();
      account.served = Math.max(account.served, floor);
      present.put(name, account);
    }
    account.requests++;
    return account;
  }

  /** Says that one of an account's requests ended. */
  void leave(Account account) {
    if (--account.requests > 0) {
      return;
    }
    raiseFloor();
    present.remove(account.name);
    away.put(account.name, account);
    if (away.size() > REMEMBERED) {
      Iterator<String> eldest = away.keySet().iterator();
      eldest.next();
      eldest.remove();
    }
  }

  private void raiseFloor() {
    long least = Long.MAX_VALUE;
    for (Account account : present.values()) {
      least = Math.min(least, account.served);
    }
    floor = present.isEmpty() ? floor : Math.max(floor, least);
  }
}
