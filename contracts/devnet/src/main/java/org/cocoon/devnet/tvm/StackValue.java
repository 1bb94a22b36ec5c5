package org.cocoon.devnet.tvm;

import java.math.BigInteger;
import java.util.List;
import org.cocoon.devnet.cell.Cell;

/** A value on the TVM's stack ({@code VmStackValue} in block.tlb). */
public sealed interface StackValue {
  /** Nothing. */
  record Null() implements StackValue {}

  /** Not a number. */
  record NotANumber() implements StackValue {}

  /**
   * A number of 257 bits.
   *
   * @param value signed
   */
  record Int(BigInteger value) implements StackValue {}

  /**
   * A cell.
   *
   * @param cell the whole
   */
  record OfCell(Cell cell) implements StackValue {}

  /**
   * A slice.
   *
   * @param cell its bits and references, as a cell of their own
   */
  record OfSlice(Cell cell) implements StackValue {}

  /**
   * A builder.
   *
   * @param cell what it built
   */
  record OfBuilder(Cell cell) implements StackValue {}

  /**
   * A tuple.
   *
   * @param items up to 255
   */
  record Tuple(List<StackValue> items) implements StackValue {
    /** Copies the list. */
    public Tuple {
      items = List.copyOf(items);
    }
  }
}
