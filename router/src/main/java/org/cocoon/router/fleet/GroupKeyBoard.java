package org.cocoon.router.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.cocoon.link.wire.GroupKey;
import org.cocoon.link.wire.GroupKeyStatement;
import org.jspecify.annotations.Nullable;

/**
 * The group keys that prompts can be sealed to, as workers handed them in: statements that a key
 * manager signed. A router passes them on and verifies nothing of them, for a client would not
 * believe it anyway; it only looks that they are small and name a model of that worker. What many
 * workers hold is kept once. Belongs to the event loop.
 */
public final class GroupKeyBoard {
  /** Shown of one model at a time; more than two come only from workers that make them up. */
  static final int MOST_SHOWN = 16;

  private static final int MOST_KEY_BYTES = 1 << 10;
  private static final int MOST_SIGNATURE_BYTES = 256;
  private static final int MOST_CERTIFICATE_BYTES = 64 << 10;
  private static final Pattern KEY_ID = Pattern.compile("[0-9a-f]{32}");

  /**
   * One key on offer.
   *
   * @param key what the statement says; not verified
   * @param statement as the key manager signed it
   */
  public record Offer(GroupKey key, GroupKeyStatement statement) {}

  private static final class Held {
    final Offer offer;
    int workers;

    Held(Offer offer) {
      this.offer = offer;
    }
  }

  private final Map<GroupKeyStatement, Held> held = new HashMap<>();

  /** What one worker holds: the newest statement of each of its models. */
  final class OfWorker {
    private final Map<String, GroupKeyStatement> byModel = new HashMap<>();

    /**
     * Takes one statement in the place of that model's last one.
     *
     * @param serves whether the worker opens prompts that are sealed for a model
     * @return whether it was taken
     */
    boolean take(GroupKeyStatement statement, Predicate<String> serves) {
      GroupKey key = read(statement);
      if (key == null || !serves.test(key.getModel())) {
        return false;
      }
      Held same = held.computeIfAbsent(statement, fresh -> new Held(new Offer(key, fresh)));
      same.workers++;
      drop(byModel.put(key.getModel(), same.offer.statement()));
      return true;
    }

    void withdraw(String model) {
      drop(byModel.remove(model));
    }

    void withdraw() {
      byModel.values().forEach(this::drop);
      byModel.clear();
    }

    private void drop(@Nullable GroupKeyStatement statement) {
      if (statement != null) {
        held.computeIfPresent(statement, (same, holder) -> --holder.workers > 0 ? holder : null);
      }
    }
  }

  private static @Nullable GroupKey read(GroupKeyStatement statement) {
    if (statement.getKey().size() > MOST_KEY_BYTES
        || statement.getSignature().size() > MOST_SIGNATURE_BYTES
        || statement.getCertificate().size() > MOST_CERTIFICATE_BYTES
        || !statement.getUnknownFields().asMap().isEmpty()) {
      return null;
    }
    try {
      GroupKey key = GroupKey.parseFrom(statement.getKey());
      return KEY_ID.matcher(key.getKeyId()).matches() && key.getEpoch() >= 0 ? key : null;
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /**
   * A model's keys that are not over yet, newest epoch first.
   *
   * @param nowMillis since 1970
   */
  public List<Offer> of(String model, long nowMillis) {
    return held.values().stream()
        .filter(one -> one.offer.key().getModel().equals(model))
        .filter(one -> one.offer.key().getNotAfterMillis() > nowMillis)
        .sorted(Comparator.comparingInt((Held one) -> one.workers).reversed())
        .limit(MOST_SHOWN)
        .map(one -> one.offer)
        .sorted(Comparator.comparingLong((Offer one) -> one.key().getEpoch()).reversed())
        .toList();
  }

  /** Distinct statements that are kept. */
  int size() {
    return held.size();
  }
}
