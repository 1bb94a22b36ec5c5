package org.cocoon.contracts.chain;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;

/**
 * What a get-method answered; read in order. One thread. Every reader throws {@link
 * IllegalArgumentException} if there is something else.
 */
public final class StackResult {
  private final int exitCode;
  private final long gasUsed;
  private final List<StackValue> values;
  private int next;

  /**
   * An answer.
   *
   * @param exitCode 0 or 1: it ran well
   * @param values from the bottom of the stack
   */
  public StackResult(int exitCode, long gasUsed, List<StackValue> values) {
    this.exitCode = exitCode;
    this.gasUsed = gasUsed;
    this.values = List.copyOf(values);
  }

  /** 0 or 1: it ran well. */
  public int exitCode() {
    return exitCode;
  }

  /** Gas that it took. */
  public long gasUsed() {
    return gasUsed;
  }

  /** Whether it ran well. */
  public boolean succeeded() {
    return exitCode == 0 || exitCode == 1;
  }

  /** All values, from the bottom of the stack. */
  public List<StackValue> values() {
    return values;
  }

  /** The next value, whatever it is. */
  public StackValue take() {
    if (next >= values.size()) {
      throw new IllegalArgumentException("a get-method answered less than it should");
    }
    return values.get(next++);
  }

  /** The next value, a number. */
  public BigInteger big() {
    if (take() instanceof StackValue.Int(BigInteger value)) {
      return value;
    }
    throw other("a number");
  }

  /** The next value, a number from 0 to 2^63 - 1. */
  public long number() {
    BigInteger value = big();
    if (value.signum() < 0 || value.bitLength() > 63) {
      throw other("a number of 63 bits");
    }
    return value.longValueExact();
  }

  /** The next value, an amount. */
  public NanoTon amount() {
    return new NanoTon(number());
  }

  /** The next value, a boolean: 0, or -1. */
  public boolean bool() {
    return big().signum() != 0;
  }

  /** The next value, an unsigned number of 256 bits, as 32 bytes. */
  public byte[] hash() {
    BigInteger value = big();
    if (value.signum() < 0 || value.bitLength() > 256) {
      throw other("a number of 256 bits");
    }
    byte[] bytes = value.toByteArray();
    byte[] hash = new byte[32];
    int from = Math.max(0, bytes.length - 32);
    System.arraycopy(bytes, from, hash, 32 - (bytes.length - from), bytes.length - from);
    return hash;
  }

  /** The next value, a cell. */
  public Cell cell() {
    return maybeCell().orElseThrow(() -> other("a cell"));
  }

  /** The next value, a cell or null. */
  public Optional<Cell> maybeCell() {
    return switch (take()) {
      case StackValue.Null() -> Optional.empty();
      case StackValue.OfCell(Cell cell) -> Optional.of(cell);
      case StackValue.Slice(Cell cell) -> Optional.of(cell);
      case StackValue.Int(BigInteger value) -> throw other("a cell");
      case StackValue.Tuple(List<StackValue> inner) -> throw other("a cell");
    };
  }

  /** The next value, an account of the basechain. */
  public TonAddress address() {
    return maybeAddress().orElseThrow(() -> other("an account of the basechain"));
  }

  /** The next value, an account of the basechain, or none. */
  public Optional<TonAddress> maybeAddress() {
    return maybeCell().flatMap(cell -> cell.read().address());
  }

  private IllegalArgumentException other(String expected) {
    return new IllegalArgumentException(
        "a get-method's value %d is not %s".formatted(next - 1, expected));
  }
}
