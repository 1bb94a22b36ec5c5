package org.cocoon.contracts.chain;

import org.cocoon.contracts.NanoTon;

/**
 * What a message to a contract must bring, by the bounds in contracts/tolk/src/fees.tolk and the
 * network's prices. What is too much comes back, except where it says otherwise.
 *
 * @param gasPrice of one gas in the basechain, in 65,536ths of a nanoTON (config parameter 21)
 * @param forwardLump of a message, in nanoTON (parameter 25)
 * @param forwardBit of a bit, in 65,536ths of a nanoTON
 * @param forwardCell of a cell, likewise
 * @param storageBit of a bit for 65,536 seconds, in nanoTON (parameter 18)
 * @param storageCell of a cell, likewise
 */
public record FeeSchedule(
    long gasPrice,
    long forwardLump,
    long forwardBit,
    long forwardCell,
    long storageBit,
    long storageCell) {
  /** The prices of the main and the test network since June 2024, which the devnet has too. */
  public static final FeeSchedule BASECHAIN =
      new FeeSchedule(26_214_400, 400_000, 26_214_400, 2_621_440_000L, 1, 500);

  private static final long GAS_DEPOSIT = 9_000;
  private static final long GAS_CLAIM = 12_000;
  private static final long GAS_CHANNEL_REST = 9_000;
  private static final long GAS_BOUNCE = 6_000;
  private static final long GAS_COLLECT = 7_000;
  private static final long GAS_REGISTER = 8_000;
  private static final long GAS_SETTLEMENT_REST = 14_000;
  private static final long GAS_LEAF = 12_000;
  private static final long GAS_SLASH = 16_000;
  private static final long GAS_REGISTRY = 12_000;

  /** To load and count one; a document of a hundred took 13,799 gas in all. */
  private static final long GAS_DOCUMENT_CELL = 200;

  private static final int BYTES_PER_CELL = 127;

  private static final long STORED_SECONDS = 5L * 31_557_600;
  private static final long CHANNEL_BITS = 16_000;
  private static final long CHANNEL_CELLS = 60;
  private static final long SETTLEMENT_BITS = 60_000;
  private static final long SETTLEMENT_CELLS = 400;
  private static final long MESSAGE_BITS = 1_400;
  private static final long MESSAGE_CELLS = 3;

  /** For what a registry's document costs to store: it asserts none. */
  private static final NanoTon REGISTRY_STORAGE = new NanoTon(NanoTon.PER_TON / 2);

  /** Refuses prices that are negative. */
  public FeeSchedule {
    if (gasPrice < 0
        || forwardLump < 0
        || forwardBit < 0
        || forwardCell < 0
        || storageBit < 0
        || storageCell < 0) {
      throw new IllegalArgumentException("a price is never negative");
    }
  }

  /** What some gas costs. */
  public NanoTon gas(long amount) {
    return new NanoTon(shifted(Math.multiplyExact(amount, gasPrice)));
  }

  /** What the longest message between the contracts costs on its way. */
  public NanoTon message() {
    return forward(MESSAGE_BITS, MESSAGE_CELLS);
  }

  /** What a message of this size costs on its way, without its root's bits and cell. */
  public NanoTon forward(long bits, long cells) {
    return new NanoTon(
        forwardLump
            + shifted(
                Math.addExact(
                    Math.multiplyExact(bits, forwardBit), Math.multiplyExact(cells, forwardCell))));
  }

  /** What a channel keeps beside its deposit, for storage. */
  public NanoTon channelReserve() {
    return reserve(CHANNEL_BITS, CHANNEL_CELLS);
  }

  /** What a settlement contract keeps beside its liabilities, for storage. */
  public NanoTon settlementReserve() {
    return reserve(SETTLEMENT_BITS, SETTLEMENT_CELLS);
  }

  /**
   * For a deposit, with the amount; opening and the reserve are covered, and what is not needed
   * comes back.
   */
  public NanoTon deposit(NanoTon amount) {
    return amount
        .plus(channelReserve())
        .plus(gas(GAS_DEPOSIT + GAS_REGISTER + GAS_BOUNCE))
        .plus(messages(4));
  }

  /** For a claim; what is too much stays in the settlement contract, for its owner to sweep. */
  public NanoTon claim() {
    return gas(GAS_CLAIM + GAS_COLLECT + GAS_BOUNCE).plus(messages(2));
  }

  /** For a withdrawal's request. */
  public NanoTon withdraw() {
    return gas(GAS_CHANNEL_REST).plus(messages(1));
  }

  /** For finishing a withdrawal or closing, and for a release. */
  public NanoTon finish() {
    return gas(GAS_CHANNEL_REST + GAS_REGISTER + GAS_BOUNCE).plus(messages(3));
  }

  /** For a stake, with the amount and the reserve. */
  public NanoTon stake(NanoTon amount) {
    return amount.plus(settlementReserve()).plus(gas(GAS_SETTLEMENT_REST)).plus(messages(1));
  }

  /** For a commitment, and for the owner's retire, unstake and sweep. */
  public NanoTon settlementRest() {
    return gas(GAS_SETTLEMENT_REST).plus(messages(1));
  }

  /** For closing a channel: the channel runs with what is left of it. */
  public NanoTon closeChannel() {
    return gas(GAS_SETTLEMENT_REST + GAS_CHANNEL_REST + GAS_BOUNCE).plus(messages(2));
  }

  /** For a payout of 2^height leaves. */
  public NanoTon payout(int height) {
    long leaves = 1L << height;
    return gas(GAS_SETTLEMENT_REST + leaves * GAS_LEAF).plus(messages(1 + leaves));
  }

  /** For showing two commitments of one epoch. */
  public NanoTon slash() {
    return gas(GAS_SLASH + GAS_REGISTRY).plus(messages(2));
  }

  /** What a prepayment of this credit must bring: gas is taken off, and nothing comes back. */
  public NanoTon prepay(NanoTon credit) {
    return credit.plus(gas(GAS_SETTLEMENT_REST));
  }

  /** What a settlement contract credits for a transfer with a comment; nothing if it refuses it. */
  public NanoTon prepaid(NanoTon value) {
    NanoTon fee = gas(GAS_SETTLEMENT_REST);
    return value.compareTo(fee) <= 0 ? NanoTon.ZERO : value.minus(fee);
  }

  /** For any message to a registry. */
  public NanoTon registry() {
    return gas(GAS_REGISTRY).plus(messages(1));
  }

  /** For an announcement: the registry counts the cells of the document. */
  public NanoTon announce(int documentBytes) {
    return registry().plus(gas(GAS_DOCUMENT_CELL * (documentBytes / BYTES_PER_CELL + 1)));
  }

  /** For a registry's deployment: what it lives on. */
  public NanoTon registryDeployment() {
    return registry().plus(REGISTRY_STORAGE);
  }

  private NanoTon messages(long count) {
    return new NanoTon(Math.multiplyExact(count, message().nanos()));
  }

  private NanoTon reserve(long bits, long cells) {
    return new NanoTon(
        shifted(Math.multiplyExact(bits * storageBit + cells * storageCell, STORED_SECONDS)));
  }

  /** Divides by 65,536, rounded up, as the machine does. */
  private static long shifted(long amount) {
    return (amount + 0xffff) >> 16;
  }
}
