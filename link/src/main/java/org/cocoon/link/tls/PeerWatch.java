package org.cocoon.link.tls;

import java.security.cert.Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.cocoon.link.evidence.Verdict;

/**
 * Judges the peers of links that are up again: when the policy or the collateral changed, and when
 * the verdict or the certificate that a link came up with has ended.
 *
 * <p>A tick compares a number and a time for each link. Only what is due is judged, on other
 * threads; a link stays up until its new verdict is there, about two milliseconds for each core and
 * link. All methods belong to one event loop, and so do the calls of {@link Lost}.
 *
 * @param <L> a link, by identity
 */
public final class PeerWatch<L> {
  /** Hears of links that must end. */
  @FunctionalInterface
  public interface Lost<L> {
    /**
     * The peer is no longer accepted; the link is not watched any more.
     *
     * @param why what a new handshake would be refused with
     * @param changed whether the policy or the collateral changed, rather than time passed
     */
    void lost(L link, PeerVerdict.Refused why, boolean changed);
  }

  private static final class Standing {
    final Certificate certificate;
    PeerVerifier.Judgement judged;
    boolean underWay;

    Standing(Certificate certificate, PeerVerifier.Judgement judged) {
      this.certificate = certificate;
      this.judged = judged;
    }

    boolean due(long version, Instant now) {
      return !underWay && (judged.version() != version || !now.isBefore(judged.until()));
    }
  }

  private final PeerVerifier verifier;
  private final InstantSource clock;
  private final Executor aside;
  private final Executor loop;
  private final Lost<L> lost;
  private final Map<L, Standing> standings = new HashMap<>();

  /**
   * Makes one that watches nothing yet.
   *
   * @param aside judges; must not be the event loop
   * @param loop runs something on the event loop
   */
  public PeerWatch(
      PeerVerifier verifier, InstantSource clock, Executor aside, Executor loop, Lost<L> lost) {
    this.verifier = verifier;
    this.clock = clock;
    this.aside = aside;
    this.loop = loop;
    this.lost = lost;
  }

  /** Watches a link whose peer was judged just now, and accepted. */
  public void add(L link, Certificate certificate, PeerVerifier.Judgement judged) {
    standings.put(link, new Standing(certificate, judged));
  }

  /** Forgets a link that ended. */
  public void remove(L link) {
    standings.remove(link);
  }

  /** The verdict by which a link is up; empty if it is not watched. */
  public Optional<Verdict.Trusted> verdictOf(L link) {
    Standing standing = standings.get(link);
    return standing != null
            && standing.judged.verdict() instanceof PeerVerdict.Accepted(Verdict.Trusted trusted)
        ? Optional.of(trusted)
        : Optional.empty();
  }

  /** Has every link judged that is due; to be called often, and at once after a change. */
  public void tick() {
    long version = verifier.version();
    Instant now = clock.instant();
    List<Map.Entry<L, Standing>> due =
        standings.entrySet().stream()
            .filter(entry -> entry.getValue().due(version, now))
            .map(entry -> Map.entry(entry.getKey(), entry.getValue()))
            .toList();
    for (Map.Entry<L, Standing> entry : due) {
      entry.getValue().underWay = true;
      aside.execute(() -> judge(entry.getKey(), entry.getValue()));
    }
  }

  private void judge(L link, Standing standing) {
    PeerVerifier.Judgement judged;
    try {
      judged = verifier.judge(standing.certificate);
    } catch (RuntimeException fault) {
      // A fault of ours must not keep a link up that nobody can judge.
      judged =
          new PeerVerifier.Judgement(
              new PeerVerdict.Refused("CANNOT_JUDGE", fault.toString()),
              verifier.version(),
              clock.instant());
    }
    PeerVerifier.Judgement outcome = judged;
    loop.execute(() -> settle(link, standing, outcome));
  }

  private void settle(L link, Standing standing, PeerVerifier.Judgement judged) {
    if (standings.get(link) != standing) {
      return; // it ended in the meantime
    }
    boolean changed = standing.judged.version() != judged.version();
    standing.judged = judged;
    standing.underWay = false;
    if (judged.verdict() instanceof PeerVerdict.Refused why) {
      standings.remove(link);
      lost.lost(link, why, changed);
    }
  }
}
