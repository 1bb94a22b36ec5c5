package org.cocoon.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * How a tensor's numbers are stored: plain floats, or llama.cpp's blocks of quantised ones.
 *
 * <p>Layouts are those of ggml's {@code block_*} structures (ggml/src/ggml-common.h), all
 * little-endian.
 */
public enum TensorType {
  /** IEEE single precision. */
  F32(0, 1, 4),
  /** IEEE half precision. */
  F16(1, 1, 2),
  /** The upper half of a single. */
  BF16(30, 1, 2),
  /** Half scale, 32 nibbles around 8. */
  Q4_0(2, 32, 18),
  /** Half scale, half minimum, 32 nibbles. */
  Q4_1(3, 32, 20),
  /** Half scale, 32 high bits, 32 nibbles; around 16. */
  Q5_0(6, 32, 22),
  /** Half scale, half minimum, 32 high bits, 32 nibbles. */
  Q5_1(7, 32, 24),
  /** Half scale, 32 signed bytes. */
  Q8_0(8, 32, 34),
  /** Half scale and minimum, eight 6-bit scales and minima, 256 nibbles. */
  Q4_K(12, 256, 144),
  /** As Q4_K with 256 high bits. */
  Q5_K(13, 256, 176),
  /** 256 nibbles, 256 high pairs of bits, sixteen signed scales, half scale; around 32. */
  Q6_K(14, 256, 210);

  private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

  private final int ggufCode;
  private final int blockElements;
  private final int blockBytes;

  TensorType(int ggufCode, int blockElements, int blockBytes) {
    this.ggufCode = ggufCode;
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** The type of a GGUF code, or null where this program does not know it. */
  static @Nullable TensorType ofGguf(int code) {
    for (TensorType type : values()) {
      if (type.ggufCode == code) {
        return type;
      }
    }
    return null;
  }

  /** The code in a GGUF file. */
  int ggufCode() {
    return ggufCode;
  }

  /** Numbers that are stored together; a row is a multiple of them. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Decodes whole blocks.
   *
   * @param from holds them from {@code offset} on
   * @param into receives {@code count} numbers from index 0 on, a multiple of the block
   */
  void decode(MemorySegment from, long offset, float[] into, int count) {
    for (int i = 0; i < count; i += blockElements, offset += blockBytes) {
      switch (this) {
        case F32 -> into[i] = from.get(MappedFile.FLOAT, offset);
        case F16 -> into[i] = half(from, offset);
        case BF16 -> into[i] = Float.intBitsToFloat(from.get(MappedFile.SHORT, offset) << 16);
        case Q4_0 ->
            nibbles(from, offset + 2, half(from, offset), -8 * half(from, offset), into, i);
        case Q4_1 -> nibbles(from, offset + 4, half(from, offset), half(from, offset + 2), into, i);
        case Q5_0 -> {
          float scale = half(from, offset);
          fives(from, offset + 2, scale, -16 * scale, into, i);
        }
        case Q5_1 -> fives(from, offset + 4, half(from, offset), half(from, offset + 2), into, i);
        case Q8_0 -> bytes(from, offset, into, i);
        case Q4_K -> superBlock(from, offset, offset + 16, false, into, i);
        case Q5_K -> superBlock(from, offset, offset + 48, true, into, i);
        case Q6_K -> sixes(from, offset, into, i);
      }
    }
  }

  private static float half(MemorySegment from, long offset) {
    return Float.float16ToFloat(from.get(MappedFile.SHORT, offset));
  }

  private static int unsigned(MemorySegment from, long offset) {
    return Byte.toUnsignedInt(from.get(BYTE, offset));
  }

  private static void nibbles(
      MemorySegment from, long offset, float scale, float minimum, float[] into, int at) {
    for (int j = 0; j < 16; j++) {
      int pair = unsigned(from, offset + j);
      into[at + j] = (pair & 15) * scale + minimum;
      into[at + j + 16] = (pair >> 4) * scale + minimum;
    }
  }

  private static void fives(
      MemorySegment from, long offset, float scale, float minimum, float[] into, int at) {
    int high = from.get(MappedFile.INT, offset);
    for (int j = 0; j < 16; j++) {
      int pair = unsigned(from, offset + 4 + j);
      into[at + j] = ((pair & 15) | ((high >>> j & 1) << 4)) * scale + minimum;
      into[at + j + 16] = ((pair >> 4) | ((high >>> (j + 16) & 1) << 4)) * scale + minimum;
    }
  }

  private static void bytes(MemorySegment from, long offset, float[] into, int at) {
    float scale = half(from, offset);
    for (int j = 0; j < 32; j++) {
      into[at + j] = from.get(BYTE, offset + 2 + j) * scale;
    }
  }

  /** Q4_K and Q5_K: eight groups of 32, each with a scale and a minimum of six bits. */
  private static void superBlock(
      MemorySegment from, long offset, long quants, boolean five, float[] into, int at) {
    float scale = half(from, offset);
    float minimum = half(from, offset + 2);
    for (int group = 0; group < 8; group++) {
      float groupScale = scale * sixBits(from, offset + 4, group, 0);
      float groupMinimum = minimum * sixBits(from, offset + 4, group, 4);
      long low = quants + (group >> 1) * 32L;
      for (int j = 0; j < 32; j++) {
        int value = (unsigned(from, low + j) >> ((group & 1) * 4)) & 15;
        if (five) {
          value |= ((unsigned(from, offset + 16 + j) >> group) & 1) << 4;
        }
        into[at + group * 32 + j] = groupScale * value - groupMinimum;
      }
    }
  }

  /** A group's scale (half 0) or minimum (half 4) of the twelve packed bytes. */
  private static int sixBits(MemorySegment from, long offset, int group, int half) {
    if (group < 4) {
      return unsigned(from, offset + group + half) & 63;
    }
    int low = (unsigned(from, offset + group + 4) >> half) & 15;
    int high = unsigned(from, offset + group - 4 + half) >> 6;
    return low | (high << 4);
  }

  private static void sixes(MemorySegment from, long offset, float[] into, int at) {
    float scale = half(from, offset + 208);
    for (int j = 0; j < 256; j++) {
      int side = j >> 7;
      int quarter = j >> 5 & 3;
      int lane = j & 31;
      long lows = offset + side * 64L + (quarter & 1) * 32L;
      long highs = offset + 128 + side * 32L;
      int low = unsigned(from, lows + lane) >> ((quarter >> 1) * 4);
      int high = (unsigned(from, highs + lane) >> (quarter * 2)) & 3;
      int groupScale = from.get(BYTE, offset + 192 + (j >> 4));
      into[at + j] = scale * groupScale * (((low & 15) | (high << 4)) - 32);
    }
  }
}
