package org.cocoon.contracts.model;

import static org.cocoon.contracts.model.ModelAccount.big;
import static org.cocoon.contracts.model.Outcome.accepted;
import static org.cocoon.contracts.model.Outcome.refused;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.cocoon.contracts.TonAddress;
import org.jspecify.annotations.Nullable;

/** The root of a network: a document that changes with notice, and a treasury. */
final class ModelRegistry implements ModelAccount {
  private static final int CELL_BYTES = 127;
  private static final int MAX_CELLS = 160;

  private final long delay;
  TonAddress admin;
  @Nullable TonAddress candidate;
  long version;
  long treasury;
  long activatesAt;
  String document;
  @Nullable String pending;
  final Set<String> revoked = new HashSet<>();

  ModelRegistry(TonAddress admin, long delay, String document) {
    this.admin = admin;
    this.delay = delay;
    this.document = document;
  }

  /** What a message must bring. */
  static long leastValue() {
    return Fees.gas(Fees.REGISTRY) + Fees.MESSAGE;
  }

  @Override
  public Outcome receive(Arrival in) {
    return switch (in.message().body()) {
      case Body.Announce body -> announce(in, body.text());
      case Body.Apply _ -> apply(in);
      case Body.Cancel _ -> cancel(in);
      case Body.Revoke body -> revoke(in, body.hash());
      case Body.Transfer body -> transfer(in, body.owner());
      case Body.Accept _ -> accept(in);
      case Body.Treasury body -> pay(in, body.amount());
      case Body.Fine _ -> fine(in);
      case Body.Bounced body -> bounced(body);
      case Body.Empty _ -> accepted();
      default -> refused(Exit.UNKNOWN_MESSAGE);
    };
  }

  /** 0, or why the sender may not do what its admin may. */
  private int refusal(Arrival in) {
    if (!in.message().from().equals(admin)) {
      return Exit.NOT_ADMIN;
    }
    return in.isBelow(leastValue()) ? Exit.VALUE_TOO_SMALL : 0;
  }

  private static Outcome answered(Arrival in) {
    return accepted(
        Outcome.restAnd(in.message().from(), BigInteger.ZERO, new Body.Excesses(), false));
  }

  private Outcome announce(Arrival in, String text) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (cells(text) > MAX_CELLS) {
      return refused(Exit.DOCUMENT);
    }
    pending = text;
    activatesAt = in.now() + delay;
    return answered(in);
  }

  private static int cells(String text) {
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    return Math.max(1, (bytes + CELL_BYTES - 1) / CELL_BYTES);
  }

  private Outcome apply(Arrival in) {
    if (in.isBelow(leastValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    if (pending == null) {
      return refused(Exit.NOTHING_PENDING);
    }
    if (in.now() < activatesAt) {
      return refused(Exit.TOO_EARLY);
    }
    document = pending;
    pending = null;
    activatesAt = 0;
    version++;
    return answered(in);
  }

  private Outcome cancel(Arrival in) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (pending == null) {
      return refused(Exit.NOTHING_PENDING);
    }
    pending = null;
    activatesAt = 0;
    return answered(in);
  }

  private Outcome revoke(Arrival in, String hash) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    revoked.add(hash);
    return answered(in);
  }

  private Outcome transfer(Arrival in, TonAddress to) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    candidate = to;
    return answered(in);
  }

  private Outcome accept(Arrival in) {
    if (candidate == null || !in.message().from().equals(candidate)) {
      return refused(Exit.NOT_ADMIN);
    }
    if (in.isBelow(leastValue())) {
      return refused(Exit.VALUE_TOO_SMALL);
    }
    admin = candidate;
    candidate = null;
    return answered(in);
  }

  private Outcome fine(Arrival in) {
    BigInteger gas = big(Fees.gas(Fees.REGISTRY));
    BigInteger spare = in.balance().subtract(big(treasury + Fees.REGISTRY_RESERVE));
    BigInteger amount = in.value().min(spare).subtract(gas).max(BigInteger.ZERO);
    if (in.value().compareTo(gas) <= 0 || amount.add(big(treasury)).compareTo(MAX_AMOUNT) > 0) {
      return refused(Exit.AMOUNT);
    }
    treasury += amount.longValueExact();
    return accepted();
  }

  private Outcome pay(Arrival in, BigInteger amount) {
    int refusal = refusal(in);
    if (refusal != 0) {
      return refused(refusal);
    }
    if (amount.signum() == 0 || amount.compareTo(big(treasury)) > 0) {
      return refused(Exit.AMOUNT);
    }
    treasury -= amount.longValueExact();
    return accepted(Outcome.restAnd(admin, amount, new Body.StakeBack(amount), true));
  }

  private Outcome bounced(Body.Bounced body) {
    if (body.of().equals("stakeBack")) {
      treasury += body.amount().longValueExact();
    }
    return accepted();
  }

  @Override
  public Map<String, String> view() {
    Map<String, String> view = new HashMap<>();
    view.put("admin", admin.toString());
    view.put("candidate", candidate == null ? "null" : candidate.toString());
    view.put("delay", Long.toString(delay));
    view.put("version", Long.toString(version));
    view.put("treasury", Long.toString(treasury));
    view.put("activatesAt", Long.toString(activatesAt));
    view.put("document", document);
    view.put("pending", pending == null ? "null" : pending);
    return view;
  }

  @Override
  public BigInteger liabilities() {
    return big(treasury);
  }

  @Override
  public long gasBound(Body body) {
    return body instanceof Body.Announce announce
        ? Fees.REGISTRY + 200L * cells(announce.text())
        : Fees.REGISTRY;
  }
}
