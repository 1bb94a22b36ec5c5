package org.cocoon.contracts.chain;

import java.math.BigInteger;
import java.util.List;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.ton.Cell;
import org.cocoon.contracts.ton.CellWriter;

/** An argument or a result of a get-method. */
public sealed interface StackValue {
  /** Null. */
  StackValue NULL = new Null();

  /** Nothing. */
  record Null() implements StackValue {}

  /**
   * A number.
   *
   * @param value of 257 bits with its sign
   */
  record Int(BigInteger value) implements StackValue {
    /** Checks the bounds. */
    public Int {
      if (value.bitLength() > 256) {
        throw new IllegalArgumentException("the machine's numbers have 257 bits");
      }
    }
  }

  /**
   * A cell.
   *
   * @param cell with all that is below
   */
  record OfCell(Cell cell) implements StackValue {}

  /**
   * A part of a cell.
   *
   * @param cell that has just this part
   */
  record Slice(Cell cell) implements StackValue {}

  /**
   * Several values.
   *
   * @param values in their order
   */
  record Tuple(List<StackValue> values) implements StackValue {
    /** Copies the list. */
    public Tuple {
      values = List.copyOf(values);
    }
  }

  /** A number. */
  static StackValue of(long value) {
    return new Int(BigInteger.valueOf(value));
  }

  /** Bytes as an unsigned number, big-endian. */
  static StackValue of(byte[] unsigned) {
    return new Int(new BigInteger(1, unsigned));
  }

  /** An account as a slice. */
  static StackValue of(TonAddress address) {
    return new Slice(new CellWriter().address(address).end());
  }
}
