package org.cocoon.router.settlement;

import java.util.List;
import org.cocoon.contracts.NanoTon;

/**
 * What an address has earned from this router; amounts are cumulative.
 *
 * @param earned of charges that are durable, the router's fee taken off
 * @param committed of it on the chain, with the epoch below
 * @param paid of it
 * @param epoch the newest on the chain; 0: none yet
 * @param nextEpochSeconds when the next one comes at the earliest, in seconds since 1970
 * @param payouts the newest first, some hundred at most
 */
public record PayeeView(
    NanoTon earned,
    NanoTon committed,
    NanoTon paid,
    long epoch,
    long nextEpochSeconds,
    List<Payment> payouts) {
  /** Of an address that never earned. */
  public static final PayeeView NOTHING =
      new PayeeView(NanoTon.ZERO, NanoTon.ZERO, NanoTon.ZERO, 0, 0, List.of());

  /**
   * One payment.
   *
   * @param amount that was paid
   * @param epoch of the tree that proved it
   * @param seconds when, since 1970
   * @param transaction of the settlement contract, 64 hexadecimal digits, as explorers show it
   * @param lt its logical time
   */
  public record Payment(NanoTon amount, long epoch, long seconds, String transaction, long lt) {}

  /** Copies the list. */
  public PayeeView {
    payouts = List.copyOf(payouts);
  }
}
