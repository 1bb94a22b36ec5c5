package org.cocoon.router.ledger;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.Receipt;
import org.cocoon.contracts.ReceiptTerms;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.UsedTokens;
import org.jspecify.annotations.Nullable;

/**
 * Accounts, holds and charges. All methods are called on the router's event loop and return at
 * once; futures complete on it.
 */
public interface Ledger {

  /**
   * Finds the account of an API key. Known keys answer from memory.
   *
   * @param apiKey as the client sent it; never logged or stored, only its hash is
   */
  Future<Authentication> authenticate(String apiKey);

  /**
   * Reserves what a request can cost at most. In memory, against credit that this router has leased
   * from the database; the future completes at once unless more credit must be leased.
   *
   * @param account whose
   * @param requestId unique for each request
   * @param amount the most it can cost
   */
  Future<HoldOutcome> hold(Account account, UUID requestId, NanoTon amount);

  /** Gives a hold back uncharged. Releasing twice, or after a charge, does nothing. */
  void release(Hold hold);

  /**
   * Charges what was delivered and gives back the rest of the hold. The future succeeds when the
   * usage row and its signed receipt are durable, and stays pending while the database is away; the
   * same request id is never charged twice.
   *
   * @param hold of the request; the charge is at most the hold
   * @param usage what was delivered
   */
  Future<Receipt> charge(Hold hold, Usage usage);

  /** The receipt of a request of this account, or a null result where there is none. */
  Future<@Nullable Receipt> receipt(Account account, UUID requestId);

  /** Whether the database answered lately; for /health/ready. */
  boolean available();

  /** Who a key belongs to. */
  sealed interface Authentication {
    /** A good key. */
    record Known(Account account) implements Authentication {}

    /** No account has this key, or it was revoked. */
    record Unknown() implements Authentication {}
  }

  /**
   * An account.
   *
   * @param id of the row
   * @param name for people
   */
  record Account(long id, String name) {}

  /** Whether a hold was made. */
  sealed interface HoldOutcome {
    /** It was. */
    record Held(Hold hold) implements HoldOutcome {}

    /** The balance is too small by this much. */
    record Insufficient(NanoTon missing) implements HoldOutcome {}

    /** The database is away and the leased credit is used up. */
    record Unavailable() implements HoldOutcome {}
  }

  /** An open reservation. */
  record Hold(Account account, UUID requestId, NanoTon amount) {}

  /**
   * What a request used.
   *
   * @param model its name, 1 to 255 bytes of UTF-8
   * @param tokens of the prompt, and delivered to the client
   * @param price of the model at that time
   * @param coefficient of the worker, 1000 = 1.0
   * @param cost what they cost, at most what tokens, price and coefficient make
   * @param worker who answered last, as a fingerprint; for people; at most 255 characters
   * @param payout who is paid for it: a raw TON address, or empty for nobody
   */
  record Usage(
      String model,
      UsedTokens tokens,
      Price price,
      int coefficient,
      NanoTon cost,
      String worker,
      String payout) {
    private static final int MAX_WORKER_CHARS = 255;

    /** Checks what the database and the receipt would refuse later, when nobody can be told. */
    public Usage {
      int modelBytes = model.getBytes(StandardCharsets.UTF_8).length;
      if (modelBytes < 1 || modelBytes > ReceiptTerms.MAX_MODEL_BYTES || !isText(model)) {
        throw new IllegalArgumentException("model: 1 to 255 bytes of text");
      }
      if (worker.length() > MAX_WORKER_CHARS || !isText(worker)) {
        throw new IllegalArgumentException("worker: at most 255 characters of text");
      }
      if (!payout.isEmpty()) {
        TonAddress.parse(payout);
      }
    }

    /** PostgreSQL stores no NUL, and a lone surrogate is no character. */
    private static boolean isText(String value) {
      return value.codePoints().noneMatch(c -> c == 0 || (c >= 0xD800 && c <= 0xDFFF));
    }
  }
}
