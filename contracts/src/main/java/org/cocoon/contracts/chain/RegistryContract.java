package org.cocoon.contracts.chain;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;
import org.cocoon.contracts.ton.Dictionary;

/**
 * The root of a network: one document with policy, models, prices and routers
 * (contracts/tolk/src/registry.tolk). Values to attach are in {@link FeeSchedule}.
 */
public final class RegistryContract {
  /** The longest document, in bytes: 160 cells. */
  public static final int MAX_DOCUMENT_BYTES = 160 * 127;

  private static final int MAX_REVOKED = 4_096;

  private RegistryContract() {}

  /**
   * What a registry is deployed with; its address follows from it.
   *
   * @param admin who may change it
   * @param delaySeconds between the announcement of a change and the change
   * @param document the first one, up to {@value #MAX_DOCUMENT_BYTES} bytes
   */
  public record Terms(TonAddress admin, long delaySeconds, byte[] document) {
    /** Checks the bounds and copies the document. */
    public Terms {
      Bounds.uint32("delaySeconds", delaySeconds);
      document = bounded(document);
    }

    /** A copy. */
    @Override
    public byte[] document() {
      return document.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Terms that
          && admin.equals(that.admin)
          && delaySeconds == that.delaySeconds
          && Arrays.equals(document, that.document);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(document);
    }
  }

  /**
   * What a registry says of itself.
   *
   * @param admin who may change it
   * @param candidate who may become admin by accepting
   * @param delaySeconds between the announcement of a change and the change
   * @param version how many changes were applied
   * @param treasury of slashed stakes
   * @param activatesAt from when on the pending document can be applied, in seconds since 1970; 0:
   *     none is
   * @param document in force
   * @param pending announced
   */
  public record State(
      TonAddress admin,
      Optional<TonAddress> candidate,
      long delaySeconds,
      long version,
      NanoTon treasury,
      long activatesAt,
      byte[] document,
      Optional<byte[]> pending) {
    /** Copies the document. */
    public State {
      document = document.clone();
    }

    /** A copy. */
    @Override
    public byte[] document() {
      return document.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof State that
          && admin.equals(that.admin)
          && candidate.equals(that.candidate)
          && delaySeconds == that.delaySeconds
          && version == that.version
          && treasury.equals(that.treasury)
          && activatesAt == that.activatesAt
          && Arrays.equals(document, that.document)
          && Arrays.equals(pending.orElse(null), that.pending.orElse(null));
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(document);
    }
  }

  /** What deploys a registry. */
  public static StateInit stateInit(Terms terms) {
    Cell data =
        new CellWriter()
            .address(terms.admin)
            .noAddress()
            .uint(terms.delaySeconds, 32)
            .uint(0, 32)
            .uint(0, 64)
            .uint(0, 32)
            .ref(Snake.of(terms.document))
            .bit(false)
            .bit(false)
            .end();
    return new StateInit(ContractCode.REGISTRY, data);
  }

  /** Where the registry of these terms is. */
  public static TonAddress address(Terms terms) {
    return stateInit(terms).address();
  }

  /** Body: the admin announces a document. */
  public static Cell announce(long queryId, byte[] document) {
    return Bodies.begin(Op.ANNOUNCE, queryId).ref(Snake.of(bounded(document))).end();
  }

  /** Body: the announced document comes into force; anybody may send it when the delay is over. */
  public static Cell apply(long queryId) {
    return Bodies.begin(Op.APPLY, queryId).end();
  }

  /** Body: the admin takes the announcement back. */
  public static Cell cancel(long queryId) {
    return Bodies.begin(Op.CANCEL, queryId).end();
  }

  /** Body: the admin takes an image back, at once; 32 bytes. */
  public static Cell revoke(long queryId, byte[] hash) {
    return Bodies.begin(Op.REVOKE, queryId).bytes(Bounds.bytes32("hash", hash)).end();
  }

  /** Body: the admin names who may take over. */
  public static Cell transfer(long queryId, TonAddress candidate) {
    return Bodies.begin(Op.TRANSFER, queryId).address(candidate).end();
  }

  /** Body: the candidate takes over. */
  public static Cell accept(long queryId) {
    return Bodies.begin(Op.ACCEPT, queryId).end();
  }

  /** Body: the admin takes something from the treasury. */
  public static Cell treasury(long queryId, NanoTon amount) {
    return Bodies.begin(Op.TREASURY, queryId).coins(amount).end();
  }

  /**
   * Asks a registry; empty if there is none.
   *
   * @throws ChainException inconsistent, if there is something else at the address
   */
  public static Optional<State> read(Chain chain, TonAddress address) throws ChainException {
    return Views.read(
        chain,
        address,
        "get_registry_data",
        in ->
            new State(
                in.address(),
                in.maybeAddress(),
                in.number(),
                in.number(),
                in.amount(),
                in.number(),
                Snake.read(in.cell(), MAX_DOCUMENT_BYTES),
                in.maybeCell().map(cell -> Snake.read(cell, MAX_DOCUMENT_BYTES))));
  }

  /** Whether a hash (32 bytes) was taken back; empty if there is no contract. */
  public static Optional<Boolean> isRevoked(Chain chain, TonAddress address, byte[] hash)
      throws ChainException {
    return Views.read(
        chain,
        address,
        "is_revoked",
        StackResult::bool,
        StackValue.of(Bounds.bytes32("hash", hash)));
  }

  /**
   * Everything that was taken back: hashes, as unsigned numbers, to the second since when; empty if
   * there is no contract.
   */
  public static Optional<Map<BigInteger, Long>> revoked(Chain chain, TonAddress address)
      throws ChainException {
    return Views.read(
        chain,
        address,
        "get_revoked",
        in -> Dictionary.read(in.maybeCell(), 256, MAX_REVOKED, value -> value.uint(32)));
  }

  private static byte[] bounded(byte[] document) {
    if (document.length > MAX_DOCUMENT_BYTES) {
      throw new IllegalArgumentException(
          "a document has up to %d bytes, not %d".formatted(MAX_DOCUMENT_BYTES, document.length));
    }
    return document.clone();
  }
}
