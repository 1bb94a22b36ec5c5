package org.cocoon.devnet.tvm;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.cell.CellSlice;

/** Stacks as cells ({@code VmStack} in block.tlb), as the emulator takes and gives them. */
public final class StackCodec {
  /** Deepest stack that is written. */
  public static final int MAX_VALUES = 255;

  private static final int DEPTH_BITS = 24;
  private static final int LONG_INT = 0x100;
  private static final int NAN = 0x2ff;

  private StackCodec() {}

  /** Writes a stack, the last value on top. */
  public static Cell write(List<StackValue> values) {
    if (values.size() > MAX_VALUES) {
      throw new CellException("a stack has at most " + MAX_VALUES + " values here");
    }
    CellBuilder builder = new CellBuilder().number(values.size(), DEPTH_BITS);
    writeList(values, builder);
    return builder.build();
  }

  private static void writeList(List<StackValue> values, CellBuilder out) {
    if (values.isEmpty()) {
      return;
    }
    CellBuilder rest = new CellBuilder();
    writeList(values.subList(0, values.size() - 1), rest);
    out.ref(rest.build());
    write(values.getLast(), out);
  }

  private static void write(StackValue value, CellBuilder out) {
    switch (value) {
      case StackValue.Null ignored -> out.number(0, 8);
      case StackValue.NotANumber ignored -> out.number(NAN, 16);
      case StackValue.Int(BigInteger number) -> {
        if (number.bitLength() > 256) {
          throw new CellException("a number has at most 257 bits");
        }
        if (number.bitLength() < Long.SIZE) {
          out.number(1, 8).number(number.longValue(), Long.SIZE);
        } else {
          out.number(LONG_INT, 15).number(number, 257);
        }
      }
      case StackValue.OfCell(Cell cell) -> out.number(3, 8).ref(cell);
      case StackValue.OfSlice(Cell cell) ->
          out.number(4, 8)
              .number(0, 10)
              .number(cell.bits(), 10)
              .number(0, 3)
              .number(cell.refs().size(), 3)
              .ref(cell);
      case StackValue.OfBuilder(Cell cell) -> out.number(5, 8).ref(cell);
      case StackValue.Tuple(List<StackValue> items) -> writeTuple(items, out);
    }
  }

  private static void writeTuple(List<StackValue> items, CellBuilder out) {
    Cell head = null;
    Cell tail = null;
    for (int i = 0; i < items.size(); i++) {
      Cell before = head;
      head = tail;
      tail = before;
      if (i > 1 && tail != null && head != null) {
        head = new CellBuilder().ref(tail).ref(head).build();
      }
      CellBuilder item = new CellBuilder();
      write(items.get(i), item);
      tail = item.build();
    }
    out.number(7, 8).number(items.size(), 16);
    if (head != null) {
      out.ref(head);
    }
    if (tail != null) {
      out.ref(tail);
    }
  }

  /** Reads a stack, the last value on top. */
  public static List<StackValue> read(Cell stack) {
    CellSlice in = stack.slice();
    int depth = (int) in.number(DEPTH_BITS);
    List<StackValue> values = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      CellSlice rest = in.ref().slice();
      values.add(readValue(in));
      in = rest;
    }
    return List.copyOf(values.reversed());
  }

  private static StackValue readValue(CellSlice in) {
    int kind = (int) in.number(8);
    return switch (kind) {
      case 0 -> new StackValue.Null();
      case 1 -> new StackValue.Int(in.signed(Long.SIZE));
      case 2 -> {
        if (in.number(7) == 0) {
          yield new StackValue.Int(in.signed(257));
        }
        in.bit();
        yield new StackValue.NotANumber();
      }
      case 3 -> new StackValue.OfCell(in.ref());
      case 4 -> new StackValue.OfSlice(readSlice(in));
      case 5 -> new StackValue.OfBuilder(in.ref());
      case 7 -> readTuple(in);
      default -> throw new CellException("a stack holds a value of kind " + kind);
    };
  }

  private static Cell readSlice(CellSlice in) {
    int startBit = (int) in.number(10);
    int endBit = (int) in.number(10);
    int startRef = (int) in.number(3);
    int endRef = (int) in.number(3);
    CellSlice whole = in.ref().slice().skip(startBit);
    CellBuilder part = new CellBuilder();
    for (int i = startBit; i < endBit; i++) {
      part.bit(whole.bit());
    }
    for (int i = 0; i < endRef; i++) {
      Cell ref = whole.ref();
      if (i >= startRef) {
        part.ref(ref);
      }
    }
    return part.build();
  }

  private static StackValue readTuple(CellSlice in) {
    int length = (int) in.number(16);
    List<StackValue> items = new ArrayList<>();
    if (length == 1) {
      items.add(readValue(in.ref().slice()));
    } else if (length > 1) {
      CellSlice head = in.ref().slice();
      items.add(readValue(in.ref().slice()));
      for (int i = 0; i < length - 2; i++) {
        CellSlice pair = head;
        head = pair.ref().slice();
        items.add(readValue(pair.ref().slice()));
      }
      items.add(readValue(head));
    }
    return new StackValue.Tuple(items.reversed());
  }
}
