package org.cocoon.model;

import java.util.Iterator;
import java.util.NoSuchElementException;

/** Symmetric quantisation to signed nibbles: a block's largest number becomes -8 exactly. */
final class Int4 {
  private Int4() {}

  /** The scale of a block as half precision will keep it. */
  static float scale(float[] row, int from, int count) {
    float largest = 0;
    for (int i = from; i < from + count; i++) {
      if (Math.abs(row[i]) > Math.abs(largest)) {
        largest = row[i];
      }
    }
    return Float.float16ToFloat(Float.floatToFloat16(largest / -8));
  }

  /** The nearest of -8 to 7. */
  static int quant(float value, float scale) {
    return scale == 0 ? 0 : Math.clamp(Math.round(value / scale), -8, 7);
  }

  /** The scales of a tensor, row by row; an array is good until the next is asked for. */
  static Iterator<float[]> scales(WeightTensor tensor, int block) {
    float[] row = new float[tensor.columns()];
    float[] scales = new float[tensor.columns() / block];
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < tensor.rows();
      }

      @Override
      public float[] next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        tensor.row(next++, row);
        for (int i = 0; i < scales.length; i++) {
          scales[i] = scale(row, i * block, block);
        }
        return scales;
      }
    };
  }
}
