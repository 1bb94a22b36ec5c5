package org.cocoon.contracts.chain;

import java.util.Arrays;
import java.util.Optional;
import org.cocoon.contracts.Charge;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.Release;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/**
 * One client's deposit with one router (contracts/tolk/src/channel.tolk). Values to attach are in
 * {@link FeeSchedule}.
 */
public final class ChannelContract {
  private ChannelContract() {}

  /**
   * What a channel is deployed with; its address follows from it.
   *
   * @param settlement contract of the router
   * @param owner who gets back what is left
   * @param voucherKey of the client, Ed25519, 32 bytes
   * @param routerKey that signs charges, Ed25519, 32 bytes
   * @param delaySeconds between a request to withdraw and the withdrawal
   */
  public record Terms(
      TonAddress settlement,
      TonAddress owner,
      byte[] voucherKey,
      byte[] routerKey,
      long delaySeconds) {
    /** Checks the bounds and copies the keys. */
    public Terms {
      voucherKey = Bounds.bytes32("voucherKey", voucherKey);
      routerKey = Bounds.bytes32("routerKey", routerKey);
      Bounds.uint32("delaySeconds", delaySeconds);
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] voucherKey() {
      return voucherKey.clone();
    }

    /** A copy, 32 bytes. */
    @Override
    public byte[] routerKey() {
      return routerKey.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Terms that
          && settlement.equals(that.settlement)
          && owner.equals(that.owner)
          && Arrays.equals(voucherKey, that.voucherKey)
          && Arrays.equals(routerKey, that.routerKey)
          && delaySeconds == that.delaySeconds;
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(voucherKey);
    }
  }

  /** Where a channel stands. */
  public enum Status {
    /** Deployed without a deposit. */
    NEW,
    /** Can be charged. */
    OPEN,
    /** Closes when the delay is over; can be claimed until then. */
    CLOSING,
    /** Everything was paid out; a deposit opens it again. */
    CLOSED;

    /** As the contract stores it. */
    public int code() {
      return switch (this) {
        case NEW -> 0;
        case OPEN -> 1;
        case CLOSING -> 2;
        case CLOSED -> 3;
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
   * What a channel says of itself; amounts are cumulative over its life.
   *
   * @param terms it was deployed with
   * @param status where it stands
   * @param deposited by the client
   * @param claimed by the router
   * @param withdrawn by the client
   * @param pending that the client asked for
   * @param unlockAt from when on that can be finished, in seconds since 1970; 0: nothing was asked
   */
  public record State(
      Terms terms,
      Status status,
      NanoTon deposited,
      NanoTon claimed,
      NanoTon withdrawn,
      NanoTon pending,
      long unlockAt) {
    /** What is still there. */
    public NanoTon locked() {
      return deposited.minus(claimed).minus(withdrawn);
    }
  }

  /** What deploys a channel. */
  public static StateInit stateInit(Terms terms) {
    Cell router =
        new CellWriter()
            .address(terms.settlement)
            .bytes(terms.routerKey)
            .uint(terms.delaySeconds, 32)
            .end();
    Cell data =
        new CellWriter()
            .address(terms.owner)
            .bytes(terms.voucherKey)
            .uint(0, 8)
            .uint(0, 64)
            .uint(0, 64)
            .uint(0, 64)
            .uint(0, 64)
            .uint(0, 32)
            .ref(router)
            .end();
    return new StateInit(ContractCode.CHANNEL, data);
  }

  /** Where the channel of these terms is. */
  public static TonAddress address(Terms terms) {
    return stateInit(terms).address();
  }

  /** Body: the deposit grows, and the channel opens. */
  public static Cell deposit(long queryId, NanoTon amount) {
    return Bodies.begin(Op.DEPOSIT, queryId).coins(amount).end();
  }

  /** Body: the router takes what it charged, up to what the client allowed. */
  public static Cell claim(long queryId, Charge charge, Voucher voucher) {
    return Bodies.begin(Op.CLAIM, queryId)
        .uint(charge.charged().nanos(), 64)
        .uint(charge.expires(), 64)
        .ref(new CellWriter().bytes(charge.signature()).end())
        .ref(
            new CellWriter()
                .uint(voucher.ceiling().nanos(), 64)
                .uint(voucher.expires(), 64)
                .bytes(voucher.signature())
                .end())
        .end();
  }

  /**
   * Body: the owner wants something back after the delay.
   *
   * @param amount nothing: everything, and the channel closes
   */
  public static Cell withdraw(long queryId, NanoTon amount) {
    return Bodies.begin(Op.WITHDRAW, queryId).coins(amount).end();
  }

  /** Body: the delay is over, pay. */
  public static Cell finish(long queryId) {
    return Bodies.begin(Op.FINISH, queryId).end();
  }

  /** Body: the router lets the owner out without a delay. */
  public static Cell release(long queryId, Release release) {
    return Bodies.begin(Op.RELEASE, queryId)
        .uint(release.charged().nanos(), 64)
        .uint(release.withdrawn().nanos(), 64)
        .uint(release.closes() ? 1 : 0, 8)
        .uint(release.expires(), 64)
        .ref(new CellWriter().bytes(release.signature()).end())
        .end();
  }

  /**
   * Asks a channel; empty if there is none.
   *
   * @throws ChainException inconsistent, if there is something else at the address
   */
  public static Optional<State> read(Chain chain, TonAddress address) throws ChainException {
    return Views.read(
        chain,
        address,
        "get_channel_data",
        in -> {
          TonAddress settlement = in.address();
          TonAddress owner = in.address();
          byte[] voucherKey = in.hash();
          Terms terms = new Terms(settlement, owner, voucherKey, in.hash(), in.number());
          return new State(
              terms,
              Views.status(Status.values(), in),
              in.amount(),
              in.amount(),
              in.amount(),
              in.amount(),
              in.number());
        });
  }
}
