package org.cocoon.router.admission;

import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Price;
import org.cocoon.contracts.PriceBook;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.request.InferenceRequest;

/**
 * Limits of what one account may have running, and what a request must hold. Belongs to the event
 * loop.
 */
public final class Admission {
  private final Supplier<PriceBook> prices;
  private final int maxInFlightPerAccount;
  private final Map<Long, Integer> inFlight = new HashMap<>();

  /** Admits by this price list, and so many requests of an account at a time. */
  public Admission(PriceBook prices, int maxInFlightPerAccount) {
    this(() -> prices, maxInFlightPerAccount);
  }

  /**
   * Admits by the price list of the moment, and so many requests of an account at a time.
   *
   * @param prices asked for each request, on the event loop
   */
  public Admission(Supplier<PriceBook> prices, int maxInFlightPerAccount) {
    this.prices = prices;
    this.maxInFlightPerAccount = maxInFlightPerAccount;
  }

  /** Counts a request in, unless the account has too many already. */
  public boolean enter(Account account) {
    int running = inFlight.getOrDefault(account.id(), 0);
    if (running >= maxInFlightPerAccount) {
      return false;
    }
    inFlight.put(account.id(), running + 1);
    return true;
  }

  /** Counts a request out. */
  public void leave(Account account) {
    inFlight.computeIfPresent(account.id(), (id, running) -> running > 1 ? running - 1 : null);
  }

  /** How many requests an account has. */
  public int inFlight(Account account) {
    return inFlight.getOrDefault(account.id(), 0);
  }

  /** How many an account may have. */
  public int limit() {
    return maxInFlightPerAccount;
  }

  /**
   * The most that a request can use, and what a hold must cover.
   *
   * @param coefficient of the dearest worker that it may get
   * @param promptTokens at most
   * @param outputTokens at most, of one answer
   * @param choices answers
   */
  public record Ceiling(int coefficient, int promptTokens, int outputTokens, int choices) {}

  /**
   * What bounds a request.
   *
   * @param coefficient of the dearest worker that it may get
   * @param contextTokens of the longest context that it may get
   */
  public Ceiling ceiling(InferenceRequest request, int coefficient, int contextTokens) {
    int output =
        request.maxTokens() == 0 ? contextTokens : Math.min(request.maxTokens(), contextTokens);
    int prompt = Math.min(request.promptTokensAtMost(), contextTokens);
    return new Ceiling(coefficient, prompt, output, request.choices());
  }

  /** The most that a request can cost; where no amount is that large, the largest there is. */
  public NanoTon atMost(String model, Ceiling ceiling) {
    long output = Math.min((long) ceiling.outputTokens() * ceiling.choices(), Price.MAX_TOKENS);
    return price(model).atMost(ceiling.promptTokens(), output, ceiling.coefficient());
  }

  /** What tokens of all models cost now. */
  public PriceBook prices() {
    return prices.get();
  }

  /** What tokens of a model cost now. */
  public Price price(String model) {
    return prices.get().of(model);
  }
}
