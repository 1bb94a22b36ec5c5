package org.cocoon.contracts.chain;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellReader;
import org.cocoon.contracts.ton.CellWriter;

/**
 * A wallet of version 5, revision 1 ("W5"), and its key. Any thread.
 *
 * <p>Of the messages that a wallet signs for one sequence number it takes one, once. Whoever wants
 * something done exactly once keeps the {@link SignedExternal} before it is sent, and signs another
 * only when {@link #find} has said that the first one never arrives.
 */
public final class Wallet {
  /** The most messages that one of the wallet's makes it send. */
  public static final int MAX_OUTGOING = 255;

  /** "sign". */
  private static final int SIGNED_EXTERNAL = 0x7369676e;

  private static final int SEND_MESSAGE = 0x0ec3c86d;

  /** Fees from the balance, and no failure for what cannot be paid: the wallet insists on both. */
  private static final int SEND_MODE = 3;

  /** Wallet 0 of the basechain: a client's context is this bit, workchain, version and number. */
  private static final int FIRST_WALLET = 1 << 31;

  private final ReceiptKey key;
  private final int walletId;
  private final StateInit stateInit;
  private final TonAddress address;

  private Wallet(ReceiptKey key, int networkId) {
    this.key = key;
    this.walletId = networkId ^ FIRST_WALLET;
    Cell data =
        new CellWriter()
            .bit(true)
            .uint(0, 32)
            .int32(walletId)
            .bytes(key.publicKey())
            .bit(false)
            .end();
    this.stateInit = new StateInit(ContractCode.WALLET, data);
    this.address = stateInit.address();
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
    return address;
  }

  /** What deploys it. */
  public StateInit stateInit() {
    return stateInit;
  }

  /**
   * Signs a message that makes the wallet send others.
   *
   * @param outgoing 1 to {@value #MAX_OUTGOING}
   * @param seqno what {@link #seqno} says; 0 deploys the wallet with it
   * @param validUntil the first second of the chain's time (see {@link AccountState#seconds}) in
   *     which the wallet refuses it
   */
  public SignedExternal prepare(List<Outgoing> outgoing, long seqno, long validUntil) {
    if (outgoing.isEmpty() || outgoing.size() > MAX_OUTGOING) {
      throw new IllegalArgumentException("a wallet sends 1 to 255 messages at once");
    }
    Bounds.uint32("seqno", seqno);
    Bounds.uint32("validUntil", validUntil);
    Cell actions = Cell.EMPTY;
    for (Outgoing each : outgoing) {
      actions =
          new CellWriter()
              .ref(actions)
              .int32(SEND_MESSAGE)
              .uint(SEND_MODE, 8)
              .ref(Messages.internal(each))
              .end();
    }
    Cell unsigned = request(seqno, validUntil, actions).end();
    Cell body = request(seqno, validUntil, actions).bytes(key.sign(unsigned.hash())).end();
    Cell message =
        Messages.external(address, seqno == 0 ? Optional.of(stateInit) : Optional.empty(), body);
    return new SignedExternal(
        address, message.toBoc(), message.hash(), body.hash(), seqno, validUntil, outgoing.size());
  }

  private CellWriter request(long seqno, long validUntil, Cell actions) {
    return new CellWriter()
        .int32(SIGNED_EXTERNAL)
        .int32(walletId)
        .uint(validUntil, 32)
        .uint(seqno, 32)
        .maybeRef(Optional.of(actions))
        .bit(false);
  }

  /** The number of its next message; 0: it is not deployed yet. */
  public long seqno(Chain chain) throws ChainException {
    return seqno(chain.account(address));
  }

  /**
   * The number of a wallet's next message, from its state; 0: it is not deployed yet.
   *
   * @throws ChainException inconsistent, if it is no wallet
   */
  public static long seqno(AccountState state) throws ChainException {
    if (!state.isActive()) {
      return 0;
    }
    try {
      CellReader data = state.data().orElse(Cell.EMPTY).read();
      data.skip(1);
      return data.uint(32);
    } catch (IllegalArgumentException e) {
      throw new ChainException(
          ChainException.Kind.INCONSISTENT, state.address() + " is not a wallet of version 5", e);
    }
  }

  /**
   * Looks once what became of a message.
   *
   * @param afterLt logical time of a transaction of the wallet that is older than the message; 0:
   *     look at them all
   */
  public static Delivery find(Chain chain, SignedExternal message, long afterLt)
      throws ChainException {
    return Deliveries.find(chain, message, afterLt);
  }

  /**
   * Waits until it is certain what became of a message, or until this much time is over. A chain
   * that is unreachable is asked again.
   *
   * @param afterLt as in {@link #find}
   */
  public static Delivery await(Chain chain, SignedExternal message, long afterLt, Duration patience)
      throws ChainException {
    return new Deliveries(Timer.SYSTEM).await(chain, message, afterLt, patience);
  }

  /**
   * Follows what a transaction sent until every destination has processed it, or until this much
   * time is over.
   */
  public static Trace trace(Chain chain, ChainTransaction cause, Duration patience)
      throws ChainException {
    return new Deliveries(Timer.SYSTEM).trace(chain, cause, patience);
  }
}
