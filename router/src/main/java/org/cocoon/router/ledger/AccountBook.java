package org.cocoon.router.ledger;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.List;
import org.cocoon.contracts.NanoTon;
import org.cocoon.router.ledger.Ledger.Account;

/**
 * What an account's holder may see and do: where it stands, what was spent on what, and its API
 * keys. On the router's event loop; futures complete on it, and fail with what the database said.
 */
public interface AccountBook {
  /** The most keys of an account that work. */
  int MAX_KEYS = 1_000;

  /** The most rows of {@link #spending}. */
  int MAX_ROWS = 1_000;

  /** The account of this name, made if it is missing; for who proved that it is theirs. */
  Future<Account> open(String name);

  /** What came in, what was used, what went out, and what is left. */
  Future<Accounts.Standing> standing(Account account);

  /**
   * What an account spent, the newest or the dearest first, at most {@link #MAX_ROWS} rows.
   *
   * @param by how it is told apart
   * @param since the first instant that counts
   * @param until the first one that counts no more
   */
  Future<List<Spent>> spending(Account account, By by, Instant since, Instant until);

  /** The keys of an account, the newest first; at most {@link #MAX_KEYS}. */
  Future<List<Accounts.Key>> keys(Account account);

  /**
   * Makes a key. It can be shown now and never again.
   *
   * @param name for people, up to 255 bytes of UTF-8
   */
  Future<KeyOutcome> issue(Account account, String name);

  /**
   * Takes the hash of a key that the holder made. The same again changes nothing: a key that was
   * revoked stays so.
   *
   * @param keyHash SHA-256 of its text, 32 bytes
   * @param name for people, up to 255 bytes of UTF-8
   */
  Future<KeyOutcome> grant(Account account, byte[] keyHash, String name);

  /**
   * Takes a key back: at once on this router, within {@link LedgerOptions#keyTtl()} on others.
   *
   * @return whether the account has such a key; one that was revoked before counts
   */
  Future<Boolean> revoke(Account account, long keyId);

  /** How spending is told apart. */
  enum By {
    /** By API key and model. */
    KEY,
    /** By model. */
    MODEL,
    /** By day, in UTC. */
    DAY
  }

  /**
   * What was spent on one thing.
   *
   * @param keyId where told apart by key, or {@link Account#NO_KEY}
   * @param keyName for people, may be empty
   * @param model where told apart by key or model, or empty
   * @param day where told apart by day, as ISO 8601 writes it, or empty
   * @param requests how many
   * @param promptTokens with the cached ones
   * @param cachedPromptTokens of them
   * @param completionTokens with the thoughts
   * @param reasoningTokens of them
   * @param cost of all
   */
  record Spent(
      long keyId,
      String keyName,
      String model,
      String day,
      long requests,
      long promptTokens,
      long cachedPromptTokens,
      long completionTokens,
      long reasoningTokens,
      NanoTon cost) {}

  /** What became of a new key. */
  sealed interface KeyOutcome {
    /**
     * It works.
     *
     * @param id by which it is named from now on
     * @param key its text, where this router made it; otherwise empty
     */
    record Made(long id, String key) implements KeyOutcome {}

    /** The account has {@link #MAX_KEYS} that work. */
    record TooMany() implements KeyOutcome {}

    /** The hash is another account's. */
    record Taken() implements KeyOutcome {}

    /** It was revoked. */
    record Revoked() implements KeyOutcome {}
  }
}
