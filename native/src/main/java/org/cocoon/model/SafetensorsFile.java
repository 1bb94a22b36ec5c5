package org.cocoon.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file, mapped; only its header is read.
 *
 * <p>Format: https://github.com/huggingface/safetensors#format. The tensors must fill the data
 * without a gap or an overlap, as the format demands.
 */
final class SafetensorsFile implements AutoCloseable {
  /** The reference implementation's bound. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  private static final int MAX_DIMENSIONS = 8;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxStringLength(1 << 22)
                  .maxNumberLength(20)
                  .maxNameLength(1 << 10)
                  .build())
          .build();

  private final MappedFile file;
  private final Map<String, WeightTensor> tensors;

  /** A tensor as the header tells of it; the end is exclusive. */
  private record Entry(String name, TensorType type, List<Long> shape, long begin, long end) {}

  private SafetensorsFile(MappedFile file, Map<String, WeightTensor> tensors) {
    this.file = file;
    this.tensors = tensors;
  }

  /**
   * Maps a file and reads its header.
   *
   * @throws ModelFileException if it is not a safetensors file that this program can read
   */
  static SafetensorsFile open(Path path) {
    MappedFile file = MappedFile.open(path);
    try {
      return new SafetensorsFile(file, read(file));
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  MappedFile file() {
    return file;
  }

  Map<String, WeightTensor> tensors() {
    return tensors;
  }

  private static Map<String, WeightTensor> read(MappedFile file) {
    long header = file.size() < Long.BYTES ? -1 : file.bytes().get(MappedFile.LONG, 0);
    if (header < 2 || header > MAX_HEADER_BYTES || header > file.size() - Long.BYTES) {
      throw file.broken(
          "it is no safetensors file, or its header of "
              + Long.toUnsignedString(header)
              + " bytes does not fit");
    }
    byte[] json = file.slice(Long.BYTES, header).toArray(ValueLayout.JAVA_BYTE);
    List<Entry> entries = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(json)) {
      expect(file, parser, parser.nextToken(), JsonToken.START_OBJECT);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        if (name.equals("__metadata__")) {
          parser.skipChildren();
        } else {
          entries.add(entry(file, parser, name));
        }
      }
      expect(file, parser, parser.currentToken(), JsonToken.END_OBJECT);
      expect(file, parser, parser.nextToken(), null);
    } catch (IOException e) {
      throw new ModelFileException(
          file.path() + ": its header is not the JSON that it must be; fetch it again", e);
    }
    return place(file, entries, Long.BYTES + header);
  }

  private static void expect(
      MappedFile file, JsonParser parser, @Nullable JsonToken found, @Nullable JsonToken right) {
    if (found != right) {
      throw file.broken(
          "its header has "
              + found
              + " in place of "
              + right
              + " at byte "
              + parser.currentTokenLocation().getByteOffset());
    }
  }

  private static Entry entry(MappedFile file, JsonParser parser, String name) throws IOException {
    expect(file, parser, parser.currentToken(), JsonToken.START_OBJECT);
    String type = "";
    List<Long> shape = null;
    List<Long> offsets = List.of();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (field) {
        case "dtype" -> {
          expect(file, parser, value, JsonToken.VALUE_STRING);
          type = parser.getText();
        }
        case "shape" -> shape = wholes(file, parser, MAX_DIMENSIONS);
        case "data_offsets" -> offsets = wholes(file, parser, 2);
        default -> throw file.broken("tensor '" + name + "' has the unknown field '" + field + "'");
      }
    }
    if (shape == null || offsets.size() != 2) {
      throw file.broken("tensor '" + name + "' has no shape or no offsets");
    }
    return new Entry(name, type(file, name, type), shape, offsets.get(0), offsets.get(1));
  }

  private static TensorType type(MappedFile file, String name, String type) {
    return switch (type) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      default ->
          throw new ModelFileException(
              file.path()
                  + ": tensor '"
                  + name
                  + "' is of the type '"
                  + type
                  + "'; only F32, F16 and BF16 can be read, so take an unquantised model");
    };
  }

  private static List<Long> wholes(MappedFile file, JsonParser parser, int most)
      throws IOException {
    expect(file, parser, parser.currentToken(), JsonToken.START_ARRAY);
    List<Long> values = new ArrayList<>();
    while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      long value = parser.getLongValue();
      if (value < 0 || values.size() == most) {
        throw file.broken("its header has a list with " + value + " or of more than " + most);
      }
      values.add(value);
    }
    expect(file, parser, parser.currentToken(), JsonToken.END_ARRAY);
    return values;
  }

  private static Map<String, WeightTensor> place(MappedFile file, List<Entry> entries, long start) {
    long available = file.size() - start;
    long end = 0;
    List<Entry> byOffset = new ArrayList<>(entries);
    byOffset.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    for (Entry entry : byOffset) {
      String what = "tensor '" + entry.name() + "' at " + entry.begin() + " of the data";
      if (entry.begin() != end) {
        throw file.broken(what + (entry.begin() < end ? " overlaps another" : " leaves a gap"));
      }
      if (entry.end() < entry.begin() || entry.end() > available) {
        throw file.broken(what + " ends at " + entry.end() + ", and the data at " + available);
      }
      if (bytesOf(entry) != entry.end() - entry.begin()) {
        throw file.broken(what + " has other bytes than its shape " + entry.shape() + " needs");
      }
      end = entry.end();
    }
    if (end != available) {
      throw file.broken("its tensors end at " + end + " of " + available + " bytes of data");
    }
    Map<String, WeightTensor> tensors = new LinkedHashMap<>();
    for (Entry entry : entries) {
      if (entry.shape().isEmpty() || entry.begin() == entry.end()) {
        throw file.broken("tensor '" + entry.name() + "' has no dimensions or no elements");
      }
      MemorySegment bytes = file.slice(start + entry.begin(), entry.end() - entry.begin());
      tensors.put(entry.name(), new WeightTensor(entry.name(), entry.type(), entry.shape(), bytes));
    }
    return tensors;
  }

  /** -1 where it is more than any file has. */
  private static long bytesOf(Entry entry) {
    try {
      long bytes = entry.type().blockBytes();
      for (long size : entry.shape()) {
        bytes = Math.multiplyExact(bytes, size);
        if (size > Integer.MAX_VALUE) {
          return -1;
        }
      }
      return bytes;
    } catch (ArithmeticException e) {
      return -1;
    }
  }

  @Override
  public void close() {
    file.close();
  }
}
