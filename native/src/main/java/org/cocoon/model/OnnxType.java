package org.cocoon.model;

import java.nio.ByteBuffer;
import java.util.Locale;

/** Types of ONNX tensors that an export has, with TensorProto's codes. */
public enum OnnxType {
  /** Single precision. */
  FLOAT32(1, 32),
  /** Token ids of candidates. */
  INT32(6, 32),
  /** Shapes and indices. */
  INT64(7, 64),
  /** Half precision. */
  FLOAT16(10, 16),
  /** The upper half of a single. */
  BFLOAT16(16, 16),
  /** Signed nibbles, two a byte, the first one low. */
  INT4(22, 4);

  private final int code;
  private final int bits;

  OnnxType(int code, int bits) {
    this.code = code;
    this.bits = bits;
  }

  int code() {
    return code;
  }

  /** Bytes of so many elements. */
  long bytes(long elements) {
    return (elements * bits + 7) / 8;
  }

  /** The name in model.json. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Rounds numbers to this floating point type, little-endian. */
  void encode(float[] from, int count, ByteBuffer into) {
    switch (this) {
      case FLOAT32 -> into.asFloatBuffer().put(from, 0, count);
      case FLOAT16 -> {
        var shorts = into.asShortBuffer();
        for (int i = 0; i < count; i++) {
          shorts.put(Float.floatToFloat16(from[i]));
        }
      }
      case BFLOAT16 -> {
        var shorts = into.asShortBuffer();
        for (int i = 0; i < count; i++) {
          shorts.put(toBfloat16(from[i]));
        }
      }
      case INT32, INT64, INT4 -> throw new IllegalStateException(this + " holds no fractions");
    }
    into.position(into.position() + Math.toIntExact(bytes(count)));
  }

  /** Rounds to the nearest, ties to even; not a number stays so. */
  static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }
}
