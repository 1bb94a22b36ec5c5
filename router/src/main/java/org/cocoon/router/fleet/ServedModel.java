package org.cocoon.router.fleet;

import java.util.Collection;
import java.util.function.LongSupplier;
import org.cocoon.link.wire.Model;
import org.cocoon.router.dispatch.Candidate;
import org.cocoon.router.dispatch.Decision;

/**
 * One model of one attached worker, as dispatch sees it: each model has slots, rates and a breaker
 * of its own, because each has an engine of its own. What they share is the machine, so what a
 * stream can expect depends on all that runs there.
 *
 * <p>Belongs to the event loop.
 */
public final class ServedModel implements Candidate {
  /** The most runs of others that a report can claim: more than any worker has slots. */
  private static final int MOST_OTHERS = 1 << 20;

  private final Worker worker;
  private final Model model;
  private final LongSupplier nanoClock;
  private final Decision.Assigned assigned = new Decision.Assigned(this);
  private final Observations observed = new Observations();
  private final Breaker breaker = new Breaker();
  private final boolean tellsNoIds;
  private final boolean continuesText;

  private boolean withdrawn;
  private int inFlight;
  private long pendingPromptTokens;
  private int othersOccupy;
  private int oursSeen;

  ServedModel(Worker worker, Model model, LongSupplier nanoClock) {
    this.worker = worker;
    this.model = model;
    this.nanoClock = nanoClock;
    tellsNoIds = model.getFeaturesList().contains(Fleet.TEXT_ONLY);
    continuesText = model.getFeaturesList().contains(Fleet.CONTINUES_TEXT);
  }

  // ------------------------------------------------------------------ what its worker tells it

  /** Nothing new is sent to it from now on. */
  void withdraw() {
    withdrawn = true;
  }

  void dispatched(int promptTokens) {
    inFlight++;
    pendingPromptTokens += promptTokens;
    breaker.dispatched();
  }

  void firstToken(int promptTokens, long nanosSinceDispatch) {
    pendingPromptTokens -= promptTokens;
    observed.firstToken(promptTokens, nanosSinceDispatch);
  }

  /**
   * A run ended.
   *
   * @param pendingTokens of its prompt, if its first token never came
   */
  void landed(int pendingTokens) {
    inFlight--;
    pendingPromptTokens -= pendingTokens;
  }

  void beginReport() {
    oursSeen = 0;
  }

  void seenByReport() {
    oursSeen++;
  }

  /**
   * Takes what a report says: runs that it knows of and that are not ours belong to other routers.
   *
   * @return whether some of those left
   */
  boolean endReport(long all) {
    int before = othersOccupy;
    othersOccupy = Math.clamp(all - oursSeen, 0, MOST_OTHERS);
    return othersOccupy < before;
  }

  Breaker breaker() {
    return breaker;
  }

  Observations observed() {
    return observed;
  }

  // ------------------------------------------------------------------ what others may know

  /** Who serves it. */
  public Worker worker() {
    return worker;
  }

  /** What the worker said of it. */
  public Model model() {
    return model;
  }

  /** Whether it can do all of these. */
  public boolean offers(Collection<String> features) {
    return model.getFeaturesList().containsAll(features);
  }

  /** Whether its engine tells no ids of its tokens, and so goes on from none. */
  public boolean tellsNoIds() {
    return tellsNoIds;
  }

  /** Whether its engine goes on from the text of an answer. */
  public boolean continuesText() {
    return continuesText;
  }

  /** Our runs in flight. */
  public int inFlight() {
    return inFlight;
  }

  /** Whether its breaker is open. */
  public boolean breakerOpen() {
    return breaker.open();
  }

  @Override
  public boolean accepting() {
    return !withdrawn
        && worker.state() == Worker.State.ATTACHED
        && breaker.allows(nanoClock.getAsLong());
  }

  @Override
  public int coefficient() {
    return worker.coefficient();
  }

  @Override
  public int contextTokens() {
    return model.getContextTokens();
  }

  @Override
  public int slots() {
    return model.getSlots();
  }

  @Override
  public int occupied() {
    return inFlight + othersOccupy;
  }

  @Override
  public long pendingPromptTokens() {
    return Math.max(0, pendingPromptTokens);
  }

  @Override
  public double prefillTokensPerSecond() {
    return observed.prefillTokensPerSecond();
  }

  @Override
  public double expectedStreamTokensPerSecond() {
    return observed.streamTokensPerSecond(worker.occupied() + 1);
  }

  @Override
  public Decision.Assigned assigned() {
    return assigned;
  }
}
