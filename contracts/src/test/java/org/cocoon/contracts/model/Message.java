package org.cocoon.contracts.model;

import java.math.BigInteger;
import org.cocoon.contracts.TonAddress;

/**
 * An internal message.
 *
 * @param id under which the driver keeps it; -1: it comes from outside
 * @param query the query id
 */
record Message(
    int id,
    TonAddress from,
    TonAddress to,
    BigInteger value,
    boolean bounce,
    boolean bounced,
    BigInteger query,
    Body body) {
  /** The same with another value. */
  Message with(BigInteger other) {
    return new Message(id, from, to, other, bounce, bounced, query, body);
  }
}
