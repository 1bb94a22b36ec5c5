package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/**
 * A message as it stands in a transaction.
 *
 * @param kind from where to where
 * @param hash of the whole message, 32 bytes
 * @param source empty where it is outside of the basechain, or outside of the chain
 * @param destination likewise
 * @param value what it brings; nothing where it is not internal
 * @param forwardFee what its way cost, and is not within the value
 * @param bounce whether it comes back if the destination refuses it
 * @param bounced whether it is one that came back
 * @param createdLt logical time at which it was made; a destination's transaction is later
 * @param body see {@link ContractMessage#parse}
 */
public record ChainMessage(
    Kind kind,
    byte[] hash,
    Optional<TonAddress> source,
    Optional<TonAddress> destination,
    NanoTon value,
    NanoTon forwardFee,
    boolean bounce,
    boolean bounced,
    long createdLt,
    Cell body) {
  /** From where to where a message goes. */
  public enum Kind {
    /** From a contract to a contract. */
    INTERNAL,
    /** From outside to a contract. */
    EXTERNAL_IN,
    /** From a contract to nobody, for who listens. */
    EXTERNAL_OUT
  }

  /** Copies the hash. */
  public ChainMessage {
    if (hash.length != 32) {
      throw new IllegalArgumentException("a hash has 32 bytes, not " + hash.length);
    }
    hash = hash.clone();
  }

  /** Whether it goes from a contract to a contract. */
  public boolean isInternal() {
    return kind == Kind.INTERNAL;
  }

  /** What it says, as far as Cocoon's contracts are concerned. */
  public ContractMessage content() {
    return bounced ? ContractMessage.parseBounced(body) : ContractMessage.parse(body);
  }

  /** A copy, 32 bytes. */
  @Override
  public byte[] hash() {
    return hash.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChainMessage that && Arrays.equals(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  @Override
  public String toString() {
    return "ChainMessage[%s %s %s -> %s %s]"
        .formatted(kind, HexFormat.of().formatHex(hash), source, destination, value);
  }
}
