package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.Commitment;
import org.cocoon.contracts.EarningsTree;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/**
 * One router's stake, and everything that it collected for workers
 * (contracts/tolk/src/settlement.tolk). Values to attach are in {@link FeeSchedule}.
 */
public final class SettlementContract {
  /** How much of a payee the contract remembers. */
  private static final int PAYEE_PREFIX_BYTES = 20;

  private SettlementContract() {}

  /**
   * What a settlement contract is deployed with; its address follows from it, and from the code of
   * the channels that it accepts.
   *
   * @param registry that gets nine tenths of a slashed stake
   * @param owner whose stake it is
   * @param routerKey that signs commitments, Ed25519, 32 bytes
   * @param delaySeconds of its channels, and between the last epoch and the stake's release
   * @param minStake below which it accepts no channel
   */
  public record Terms(
      TonAddress registry,
      TonAddress owner,
      byte[] routerKey,
      long delaySeconds,
      NanoTon minStake) {
    /** Checks the bounds and copies the key. */
    public Terms {
      routerKey = Bounds.bytes32("routerKey", routerKey);
      Bounds.uint32("delaySeconds", delaySeconds);
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] routerKey() {
      return routerKey.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Terms that
          && registry.equals(that.registry)
          && owner.equals(that.owner)
          && Arrays.equals(routerKey, that.routerKey)
          && delaySeconds == that.delaySeconds
          && minStake.equals(that.minStake);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(routerKey);
    }
  }

  /** Where a settlement contract stands. */
  public enum Status {
    /** Its stake is too small yet. */
    NEW,
    /** It works. */
    ACTIVE,
    /** It takes no new channels. */
    RETIRING,
    /** It signed two commitments of one epoch. */
    SLASHED,
    /** Its stake went back. */
    RELEASED;

    /** As the contract stores it. */
    public int code() {
      return switch (this) {
        case NEW -> 0;
        case ACTIVE -> 1;
        case RETIRING -> 2;
        case SLASHED -> 3;
        case RELEASED -> 4;
      };
    }

    /**
     * The status of a code.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Status of(int code) {
      for (Status status : values()) {
        if (status.code() == code) {
          return status;
        }
      }
      throw new IllegalArgumentException("no status has the code " + code);
    }
  }

  /**
   * What a settlement contract says of itself; amounts only grow.
   *
   * @param terms it was deployed with
   * @param channelCodeHash of the channels that it accepts, 32 bytes
   * @param status where it stands
   * @param stake that is there
   * @param openChannels how many
   * @param collected from channels and by prepayments
   * @param paid to payees
   * @param epoch the newest; 0: none yet
   * @param root of the newest tree, 32 bytes
   * @param earned its total
   * @param committedAt when it came, in seconds since 1970
   * @param statementHash of the newest commitment, 32 bytes
   */
  public record State(
      Terms terms,
      byte[] channelCodeHash,
      Status status,
      NanoTon stake,
      long openChannels,
      NanoTon collected,
      NanoTon paid,
      long epoch,
      byte[] root,
      NanoTon earned,
      long committedAt,
      byte[] statementHash) {
    /** Copies the hashes. */
    public State {
      channelCodeHash = Bounds.bytes32("channelCodeHash", channelCodeHash);
      root = Bounds.bytes32("root", root);
      statementHash = Bounds.bytes32("statementHash", statementHash);
    }

    /** What it must hold. */
    public NanoTon liabilities() {
      return stake.plus(collected).minus(paid);
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] channelCodeHash() {
      return channelCodeHash.clone();
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] root() {
      return root.clone();
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] statementHash() {
      return statementHash.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof State that
          && terms.equals(that.terms)
          && Arrays.equals(channelCodeHash, that.channelCodeHash)
          && status == that.status
          && stake.equals(that.stake)
          && openChannels == that.openChannels
          && collected.equals(that.collected)
          && paid.equals(that.paid)
          && epoch == that.epoch
          && Arrays.equals(root, that.root)
          && earned.equals(that.earned)
          && committedAt == that.committedAt
          && Arrays.equals(statementHash, that.statementHash);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(statementHash);
    }
  }

  /**
   * What was paid at one index of the tree.
   *
   * @param payeePrefix the first 20 bytes of whom it belongs to; zeros: nobody was paid there
   * @param paid in all
   */
  public record Paid(byte[] payeePrefix, NanoTon paid) {
    /** Checks the bounds and copies the bytes. */
    public Paid {
      if (payeePrefix.length != PAYEE_PREFIX_BYTES) {
        throw new IllegalArgumentException("a payee's prefix has 20 bytes");
      }
      payeePrefix = payeePrefix.clone();
    }

    /** Whether the index is this payee's, or nobody's yet. */
    public boolean isFor(TonAddress payee) {
      byte[] nobody = new byte[PAYEE_PREFIX_BYTES];
      return Arrays.equals(payeePrefix, nobody)
          || Arrays.equals(payeePrefix, Arrays.copyOf(payee.hash(), PAYEE_PREFIX_BYTES));
    }

    /** A copy, 20 bytes. */
    @Override
    public byte[] payeePrefix() {
      return payeePrefix.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Paid that
          && Arrays.equals(payeePrefix, that.payeePrefix)
          && paid.equals(that.paid);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(payeePrefix);
    }
  }

  /** What deploys a settlement contract. */
  public static StateInit stateInit(Terms terms) {
    return new StateInit(ContractCode.SETTLEMENT, data(terms, ContractCode.CHANNEL));
  }

  static Cell data(Terms terms, Cell channelCode) {
    Cell channel = new CellWriter().bytes(channelCode.hash()).uint(channelCode.depth(), 16).end();
    Cell fixed =
        new CellWriter()
            .address(terms.registry)
            .address(terms.owner)
            .bytes(terms.routerKey)
            .uint(terms.delaySeconds, 32)
            .uint(terms.minStake.nanos(), 64)
            .ref(channel)
            .end();
    byte[] zeros = new byte[32];
    Cell books =
        new CellWriter()
            .uint(0, 32)
            .bytes(new byte[3 * Long.BYTES])
            .bytes(zeros)
            .uint(0, 64)
            .uint(0, 32)
            .bytes(zeros)
            .uint(0, 2)
            .end();
    return new CellWriter().uint(0, 8).uint(0, 64).ref(books).ref(fixed).end();
  }

  /** Where the settlement contract of these terms is. */
  public static TonAddress address(Terms terms) {
    return stateInit(terms).address();
  }

  /** The terms of a client's channel with it. */
  public static ChannelContract.Terms channelTerms(
      Terms terms, TonAddress owner, byte[] voucherKey) {
    return new ChannelContract.Terms(
        address(terms), owner, voucherKey, terms.routerKey, terms.delaySeconds);
  }

  /** Body: the owner's stake grows. */
  public static Cell stake(long queryId, NanoTon amount) {
    return Bodies.begin(Op.STAKE, queryId).coins(amount).end();
  }

  /** Body: the next epoch's commitment; anybody may send it. */
  public static Cell commit(long queryId, Commitment commitment) {
    return statement(Bodies.begin(Op.COMMIT, queryId), commitment).end();
  }

  /**
   * Body: pays an aligned batch of 2^height leaves of the newest tree; anybody may send it.
   *
   * @param index of its first leaf, a multiple of 2^height
   * @param height 0 to {@link EarningsTree#MAX_BATCH_HEIGHT}
   */
  public static Cell payout(long queryId, EarningsTree tree, int index, int height) {
    return Payouts.batch(queryId, tree, index, height);
  }

  /**
   * Body: pays one leaf of the newest tree by its proof; anybody may send it.
   *
   * @param siblings from the leaf up
   */
  public static Cell payout(
      long queryId, EarningsTree.Leaf leaf, int index, List<EarningsTree.Node> siblings) {
    return Payouts.single(queryId, leaf, index, siblings);
  }

  /** Body: two commitments of one epoch, for a tenth of the stake; anybody may send it. */
  public static Cell slash(long queryId, Commitment first, Commitment second) {
    return Bodies.begin(Op.SLASH, queryId)
        .ref(statement(new CellWriter(), first).end())
        .ref(statement(new CellWriter(), second).end())
        .end();
  }

  /** Body: the owner wants no new channels. */
  public static Cell retire(long queryId) {
    return Bodies.begin(Op.RETIRE, queryId).end();
  }

  /** Body: the owner wants the stake back, when no channel is open and the delay is over. */
  public static Cell unstake(long queryId) {
    return Bodies.begin(Op.UNSTAKE, queryId).end();
  }

  /** Body: the owner wants a channel to close. */
  public static Cell closeChannel(long queryId, TonAddress owner, byte[] voucherKey) {
    return Bodies.begin(Op.CLOSE_CHANNEL, queryId)
        .address(owner)
        .bytes(Bounds.bytes32("voucherKey", voucherKey))
        .end();
  }

  /** Body: the owner wants what is above the liabilities and the reserve. */
  public static Cell sweep(long queryId) {
    return Bodies.begin(Op.SWEEP, queryId).end();
  }

  /** Body: prepaid credit for whom the text names, {@code cocoon:ACCOUNT_ID}. */
  public static Cell prepay(String comment) {
    return Snake.comment(comment);
  }

  /**
   * Asks a settlement contract; empty if there is none.
   *
   * @throws ChainException inconsistent, if there is something else at the address
   */
  public static Optional<State> read(Chain chain, TonAddress address) throws ChainException {
    return Views.read(
        chain,
        address,
        "get_settlement_data",
        in -> {
          TonAddress registry = in.address();
          TonAddress owner = in.address();
          Terms terms = new Terms(registry, owner, in.hash(), in.number(), in.amount());
          byte[] channelCodeHash = in.hash();
          in.number();
          return new State(
              terms,
              channelCodeHash,
              Views.status(Status.values(), in),
              in.amount(),
              in.number(),
              in.amount(),
              in.amount(),
              in.number(),
              in.hash(),
              in.amount(),
              in.number(),
              in.hash());
        });
  }

  /** What was paid at an index of the tree; empty if there is no contract. */
  public static Optional<Paid> paid(Chain chain, TonAddress address, int index)
      throws ChainException {
    return Views.read(
        chain,
        address,
        "get_paid",
        in -> {
          byte[] payee = in.hash();
          return new Paid(Arrays.copyOfRange(payee, 32 - PAYEE_PREFIX_BYTES, 32), in.amount());
        },
        StackValue.of(index));
  }

  private static CellWriter statement(CellWriter out, Commitment commitment) {
    return out.uint(commitment.epoch(), 64)
        .bytes(commitment.root())
        .uint(commitment.earned().nanos(), 64)
        .bytes(commitment.digest())
        .uint(commitment.expires(), 64)
        .ref(new CellWriter().bytes(commitment.signature()).end());
  }
}
