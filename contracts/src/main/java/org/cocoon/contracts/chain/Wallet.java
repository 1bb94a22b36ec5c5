package org.cocoon.contracts.chain;

import java.time.Duration;
import java.util.List;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;

/** A wallet of version 5 (W5, V5R1) and its key. Any thread. */
@SuppressWarnings("DoNotCallSuggester")
public final class Wallet {
  private final ReceiptKey key;
  private final int networkId;

  private Wallet(ReceiptKey key, int networkId) {
    this.key = key;
    this.networkId = networkId;
  }

  /**
   * The first wallet of a key on a network.
   *
   * @param networkId TON's global id: the same key has another address on another network
   */
  public static Wallet of(ReceiptKey key, int networkId) {
    return new Wallet(key, networkId);
  }

  /** Where it is. */
  public TonAddress address() {
    throw new UnsupportedOperationException(key + " " + networkId);
  }

  /**
   * Signs a message that makes the wallet send others.
   *
   * @param outgoing up to 255
   * @param seqno what {@link #seqno} says; 0 deploys the wallet with it
   * @param validUntil the first second of the chain's time (see {@link AccountState#seconds}) in
   *     which the wallet refuses it
   */
  public SignedExternal prepare(List<Outgoing> outgoing, long seqno, long validUntil) {
    throw new UnsupportedOperationException();
  }

  /** The number of its next message; 0: it is not deployed yet. */
  public long seqno(Chain chain) throws ChainException {
    throw new UnsupportedOperationException();
  }

  /**
   * Looks once what became of a message.
   *
   * @param afterLt logical time of a transaction of the wallet that is older than the message; 0:
   *     look at them all
   */
  public static Delivery find(Chain chain, SignedExternal message, long afterLt)
      throws ChainException {
    throw new UnsupportedOperationException();
  }

  /**
   * Waits until it is certain what became of a message, or until this much time is over. An
   * unreachable chain is asked again.
   */
  public static Delivery await(Chain chain, SignedExternal message, long afterLt, Duration patience)
      throws ChainException {
    throw new UnsupportedOperationException();
  }

  /**
   * Follows what a transaction sent until every destination has processed it, or until this much
   * time is over.
   */
  public static Trace trace(Chain chain, ChainTransaction cause, Duration patience)
      throws ChainException {
    throw new UnsupportedOperationException();
  }
}
