package org.cocoon.contracts.model;

import java.math.BigInteger;
import java.util.List;
import org.cocoon.contracts.TonAddress;

/** What a contract does with a message. */
sealed interface Outcome {
  /** It throws, and stays as it was. */
  record Refused(int exitCode) implements Outcome {}

  /** It has changed, and sends. */
  record Accepted(List<Sending> sendings) implements Outcome {}

  /** A message that is sent. */
  record Sending(TonAddress to, Body body, boolean bounce, Value value) {}

  /** How much a message carries. */
  sealed interface Value {
    /** So much; its fee is paid besides. */
    record Exactly(BigInteger amount) implements Value {}

    /** So much, and what gas and fee leave of the incoming value. */
    record RestAnd(BigInteger amount) implements Value {}

    /** All but this, which stays. */
    record AllBut(BigInteger kept) implements Value {}
  }

  static Outcome refused(int exitCode) {
    return new Refused(exitCode);
  }

  static Outcome accepted(Sending... sendings) {
    return new Accepted(List.of(sendings));
  }

  static Sending exactly(TonAddress to, BigInteger amount, Body body, boolean bounce) {
    return new Sending(to, body, bounce, new Value.Exactly(amount));
  }

  static Sending restAnd(TonAddress to, BigInteger amount, Body body, boolean bounce) {
    return new Sending(to, body, bounce, new Value.RestAnd(amount));
  }

  static Sending allBut(TonAddress to, BigInteger kept, Body body, boolean bounce) {
    return new Sending(to, body, bounce, new Value.AllBut(kept));
  }
}
