package org.cocoon.devnet.tvm;

import java.math.BigInteger;

/**
 * A call of a get-method.
 *
 * @param code of the contract, in base64
 * @param data of the contract, in base64
 * @param address of the contract, as wallets show it
 * @param balance nanoTON
 * @param now seconds since 1970
 * @param seed of random numbers, 32 bytes
 * @param methodId number of the method
 * @param stack the arguments, a serialised stack in base64
 */
public record GetCall(
    String code,
    String data,
    String address,
    BigInteger balance,
    long now,
    byte[] seed,
    int methodId,
    String stack) {
  /** Most gas that a get-method may use. */
  public static final long GAS_LIMIT = 1_000_000;
}
