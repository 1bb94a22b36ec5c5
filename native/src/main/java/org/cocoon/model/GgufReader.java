package org.cocoon.model;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads a GGUF header: every count and length is checked against what is left of the file before it
 * is believed.
 */
final class GgufReader {
  private static final int MAGIC = 0x46554747; // "GGUF"
  private static final long HEADER_BYTES = 24;

  /** More than any model has: Llama 3.1 405B has 1,138 tensors. */
  private static final long MAX_TENSORS = 1 << 17;

  private static final long MAX_ENTRIES = 1 << 16;

  /** A vocabulary of 256 Ki tokens has 10 MB. */
  private static final long MAX_METADATA_BYTES = 1 << 29;

  private static final int MAX_NAME_BYTES = 1 << 10;

  /** The longest chat templates have some 20 kB. */
  private static final int MAX_TEXT_BYTES = 1 << 22;

  private static final int MAX_DIMENSIONS = 4;
  private static final long MAX_DIMENSION = Integer.MAX_VALUE;
  private static final long DEFAULT_ALIGNMENT = 32;
  private static final long MAX_ALIGNMENT = 1 << 20;

  /** Bytes of a value by type code; 0 where it has no fixed size. */
  private static final int[] SIZES = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

  private static final int TEXT = 8;
  private static final int ARRAY = 9;

  private final MappedFile file;
  private long position;

  /** A tensor as the header tells of it. */
  private record Entry(String name, TensorType type, List<Long> shape, long offset, long bytes) {}

  GgufReader(MappedFile file) {
    this.file = file;
  }

  GgufFile read() {
    if (file.size() < HEADER_BYTES || file.bytes().get(MappedFile.INT, 0) != MAGIC) {
      throw new ModelFileException(
          file.path() + " is not a GGUF file: it does not begin with 'GGUF'; give a .gguf model");
    }
    int version = file.bytes().get(MappedFile.INT, 4);
    if (version != 2 && version != 3) {
      boolean bigEndian = Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3;
      throw new ModelFileException(
          file.path()
              + (bigEndian ? " is big-endian GGUF" : " is GGUF version " + version)
              + ", and only little-endian versions 2 and 3 can be read; convert it anew");
    }
    long tensorCount = bounded(8, MAX_TENSORS, "tensors");
    long entryCount = bounded(16, MAX_ENTRIES, "metadata entries");
    position = HEADER_BYTES;
    Map<String, GgufValue> metadata = metadata(entryCount);
    long metadataEnd = position;
    if (metadataEnd > MAX_METADATA_BYTES) {
      throw file.broken("its metadata have " + metadataEnd + " bytes");
    }
    List<Entry> entries = entries(tensorCount);
    return new GgufFile(file, version, metadata, metadataEnd, place(entries, alignment(metadata)));
  }

  private long bounded(long offset, long most, String what) {
    long count = file.bytes().get(MappedFile.LONG, offset);
    if (count < 0 || count > most) {
      throw file.broken(
          "the header claims "
              + Long.toUnsignedString(count)
              + " "
              + what
              + ", and at most "
              + most
              + " can be right");
    }
    return count;
  }

  private Map<String, GgufValue> metadata(long count) {
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    for (long i = 0; i < count; i++) {
      long start = position;
      String key = text("the key of metadata entry " + i, MAX_NAME_BYTES);
      int type = int32("the type of '" + key + "'");
      if (metadata.put(key, value(key, type)) != null) {
        throw file.broken("the key '" + key + "' comes again at byte " + start);
      }
    }
    return metadata;
  }

  private GgufValue value(String key, int type) {
    if (type == TEXT) {
      return new GgufValue.Text(text("the text of '" + key + "'", MAX_TEXT_BYTES));
    }
    if (type == ARRAY) {
      return array(key);
    }
    int size = sizeOf(type, key);
    need(size, "the value of '" + key + "'");
    long at = position;
    position += size;
    var bytes = file.bytes();
    return switch (type) {
      case 0 -> new GgufValue.Whole(bytes.get(ValueLayout.JAVA_BYTE, at) & 0xff);
      case 1 -> new GgufValue.Whole(bytes.get(ValueLayout.JAVA_BYTE, at));
      case 2 -> new GgufValue.Whole(Short.toUnsignedInt(bytes.get(MappedFile.SHORT, at)));
      case 3 -> new GgufValue.Whole(bytes.get(MappedFile.SHORT, at));
      case 4 -> new GgufValue.Whole(Integer.toUnsignedLong(bytes.get(MappedFile.INT, at)));
      case 5 -> new GgufValue.Whole(bytes.get(MappedFile.INT, at));
      case 6 -> new GgufValue.Real(bytes.get(MappedFile.FLOAT, at));
      case 7 -> new GgufValue.Flag(bytes.get(ValueLayout.JAVA_BYTE, at) != 0);
      case 12 -> new GgufValue.Real(Double.longBitsToDouble(bytes.get(MappedFile.LONG, at)));
      default -> new GgufValue.Whole(bytes.get(MappedFile.LONG, at));
    };
  }

  private int sizeOf(int type, String key) {
    if (type < 0 || type >= SIZES.length || SIZES[type] == 0) {
      throw file.broken("'" + key + "' has the unknown type " + type + " at byte " + position);
    }
    return SIZES[type];
  }

  private GgufValue array(String key) {
    int type = int32("the element type of '" + key + "'");
    long count = int64("the length of '" + key + "'");
    long start = position;
    if (type == TEXT) {
      // A text takes at least the eight bytes of its length.
      need(count, Long.BYTES, "the " + Long.toUnsignedString(count) + " texts of '" + key + "'");
      for (long i = 0; i < count; i++) {
        int length = textLength("text " + i + " of '" + key + "'", MAX_TEXT_BYTES);
        position += length;
      }
    } else {
      int size = sizeOf(type, key);
      need(count, size, "the " + Long.toUnsignedString(count) + " elements of '" + key + "'");
      position += count * size;
    }
    return new GgufValue.Sequence(type, count, start);
  }

  private long alignment(Map<String, GgufValue> metadata) {
    GgufValue value = metadata.get("general.alignment");
    if (value == null) {
      return DEFAULT_ALIGNMENT;
    }
    if (value instanceof GgufValue.Whole(long bytes)
        && bytes >= 8
        && bytes <= MAX_ALIGNMENT
        && Long.bitCount(bytes) == 1) {
      return bytes;
    }
    throw file.broken("'general.alignment' is " + value + " and not a power of two from 8 on");
  }

  private List<Entry> entries(long count) {
    List<Entry> entries = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      String name = text("the name of tensor " + i, MAX_NAME_BYTES);
      int dimensions = int32("the dimensions of tensor '" + name + "'");
      if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
        throw file.broken("tensor '" + name + "' has " + dimensions + " dimensions, not 1 to 4");
      }
      List<Long> shape = new ArrayList<>();
      for (int d = 0; d < dimensions; d++) {
        long size = int64("the shape of tensor '" + name + "'");
        if (size < 1 || size > MAX_DIMENSION) {
          throw file.broken("tensor '" + name + "' has a dimension of " + size);
        }
        shape.addFirst(size); // GGUF begins with the innermost
      }
      int code = int32("the type of tensor '" + name + "'");
      TensorType type = TensorType.ofGguf(code);
      if (type == null) {
        throw new ModelFileException(
            file.path()
                + ": tensor '"
                + name
                + "' has the quantisation "
                + code
                + ", which is not supported; take a file in F16, Q8_0, Q4_K_M or the like");
      }
      long offset = int64("the offset of tensor '" + name + "'");
      entries.add(new Entry(name, type, shape, offset, bytesOf(name, type, shape)));
    }
    return entries;
  }

  private long bytesOf(String name, TensorType type, List<Long> shape) {
    if (shape.getLast() % type.blockElements() != 0) {
      throw file.broken(
          "tensor '"
              + name
              + "' has rows of "
              + shape.getLast()
              + ", which "
              + type
              + " cannot have");
    }
    try {
      long elements = 1;
      for (long size : shape) {
        elements = Math.multiplyExact(elements, size);
      }
      return Math.multiplyExact(elements / type.blockElements(), (long) type.blockBytes());
    } catch (ArithmeticException e) {
      throw file.broken("tensor '" + name + "' of shape " + shape + " is larger than any file");
    }
  }

  private Map<String, WeightTensor> place(List<Entry> entries, long alignment) {
    long start = (position + alignment - 1) / alignment * alignment;
    long available = Math.max(0, file.size() - start);
    long end = 0;
    List<Entry> byOffset = new ArrayList<>(entries);
    byOffset.sort(Comparator.comparingLong(Entry::offset));
    for (Entry entry : byOffset) {
      String what = "tensor '" + entry.name() + "' at " + entry.offset() + " of the data";
      if (entry.offset() < end || entry.offset() % alignment != 0) {
        throw file.broken(what + (entry.offset() < end ? " overlaps another" : " is not aligned"));
      }
      if (entry.offset() > available || entry.bytes() > available - entry.offset()) {
        throw file.broken(
            what + " has " + entry.bytes() + " bytes, and the data end at " + available);
      }
      end = entry.offset() + entry.bytes();
    }
    Map<String, WeightTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      WeightTensor tensor =
          new WeightTensor(
              entry.name(),
              entry.type(),
              entry.shape(),
              file.slice(start + entry.offset(), entry.bytes()));
      if (tensors.put(entry.name(), tensor) != null) {
        throw file.broken("there are two tensors '" + entry.name() + "'");
      }
    }
    return tensors;
  }

  private int int32(String what) {
    need(Integer.BYTES, what);
    position += Integer.BYTES;
    return file.bytes().get(MappedFile.INT, position - Integer.BYTES);
  }

  private long int64(String what) {
    need(Long.BYTES, what);
    position += Long.BYTES;
    return file.bytes().get(MappedFile.LONG, position - Long.BYTES);
  }

  private int textLength(String what, int most) {
    long length = int64("the length of " + what);
    if (length < 0 || length > most) {
      throw file.broken(
          what
              + " has "
              + Long.toUnsignedString(length)
              + " bytes, and at most "
              + most
              + " may be");
    }
    need(length, what);
    return (int) length;
  }

  private String text(String what, int most) {
    int length = textLength(what, most);
    position += length;
    return file.text(position - length, length);
  }

  private void need(long count, int size, String what) {
    if (count < 0 || count > (file.size() - position) / size) {
      throw file.broken(what + " at byte " + position + " end behind the end of the file");
    }
  }

  private void need(long bytes, String what) {
    if (bytes > file.size() - position) {
      throw file.broken(what + " at byte " + position + " lies behind the end of the file");
    }
  }
}
