package org.cocoon.model;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A tensor of a mapped model file.
 *
 * @param name as the file calls it
 * @param type how its numbers are stored
 * @param shape outermost dimension first; the last one is a row
 * @param bytes its numbers, valid until the file is closed
 */
record WeightTensor(String name, TensorType type, List<Long> shape, MemorySegment bytes) {

  /** Keeps the shape from changing. */
  WeightTensor {
    shape = List.copyOf(shape);
  }

  /** Numbers in a row. */
  int columns() {
    return Math.toIntExact(shape.getLast());
  }

  /** How many rows there are. */
  long rows() {
    long rows = 1;
    for (long size : shape.subList(0, shape.size() - 1)) {
      rows *= size;
    }
    return rows;
  }

  /** Decodes one row into the front of an array. */
  void row(long row, float[] into) {
    int columns = columns();
    long rowBytes = (long) columns / type.blockElements() * type.blockBytes();
    type.decode(bytes, row * rowBytes, into, columns);
  }
}
