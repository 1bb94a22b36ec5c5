package org.cocoon.backend.tensorrt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import java.util.Arrays;
import java.util.Random;
import org.cocoon.backend.BackendException;
import org.junit.jupiter.api.Test;

/** Graphs are made by protobuf's own writer, from the field numbers of onnx.proto. */
final class PinnedCapacityTest {
  private static final int CACHES = 3;

  private static UnknownFieldSet message(int field, UnknownFieldSet... values) {
    return UnknownFieldSet.newBuilder().addField(field, field(values)).build();
  }

  private static Field field(UnknownFieldSet... values) {
    Field.Builder field = Field.newBuilder();
    for (UnknownFieldSet value : values) {
      field.addLengthDelimited(value.toByteString());
    }
    return field.build();
  }

  private static UnknownFieldSet symbol(String name) {
    return UnknownFieldSet.newBuilder()
        .addField(2, Field.newBuilder().addLengthDelimited(ByteString.copyFromUtf8(name)).build())
        .build();
  }

  private static UnknownFieldSet value(long value) {
    return UnknownFieldSet.newBuilder()
        .addField(1, Field.newBuilder().addVarint(value).build())
        .build();
  }

  /** ValueInfoProto: a name, a type, a shape of four dimensions. */
  private static UnknownFieldSet cache(String name, UnknownFieldSet capacity) {
    UnknownFieldSet shape = message(1, symbol("batch"), value(3), capacity, value(64));
    UnknownFieldSet tensor =
        UnknownFieldSet.newBuilder()
            .addField(1, Field.newBuilder().addVarint(10).build())
            .addField(2, field(shape))
            .build();
    return UnknownFieldSet.newBuilder()
        .addField(1, Field.newBuilder().addLengthDelimited(ByteString.copyFromUtf8(name)).build())
        .addField(2, field(message(1, tensor)))
        .build();
  }

  private static byte[] model(UnknownFieldSet capacity) {
    UnknownFieldSet[] inputs = new UnknownFieldSet[CACHES];
    UnknownFieldSet[] outputs = new UnknownFieldSet[CACHES];
    for (int i = 0; i < CACHES; i++) {
      inputs[i] = cache("cache_" + i, capacity);
      outputs[i] = cache("present_" + i, capacity);
    }
    UnknownFieldSet graph =
        UnknownFieldSet.newBuilder()
            .addField(1, field(message(4, symbol("capacity")))) // a node that is left alone
            .addField(11, field(inputs))
            .addField(12, field(outputs))
            .build();
    return UnknownFieldSet.newBuilder()
        .addField(1, Field.newBuilder().addVarint(11).build())
        .addField(3, Field.newBuilder().addFixed32(7).addFixed64(9).build())
        .addField(7, field(graph))
        .addField(8, field(symbol("capacity")))
        .build()
        .toByteArray();
  }

  @Test
  void givesTheDimensionOfEveryCacheItsValueAndLeavesAllElse() {
    for (int capacity : new int[] {1, 127, 128, 4160, 131_072}) {
      assertArrayEquals(
          model(value(capacity)), PinnedCapacity.pin(model(symbol("capacity")), CACHES, capacity));
    }
  }

  @Test
  void anotherNumberOfCachesIsRefused() {
    byte[] model = model(symbol("capacity"));
    assertThrows(BackendException.class, () -> PinnedCapacity.pin(model, CACHES + 1, 64));
    byte[] fixed = model(value(64));
    BackendException refused =
        assertThrows(BackendException.class, () -> PinnedCapacity.pin(fixed, CACHES, 64));
    assertTrue(String.valueOf(refused.getMessage()).contains("has 0 caches"));
  }

  @Test
  void damageIsRefusedOrWithoutConsequence() {
    byte[] model = model(symbol("capacity"));
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      byte[] damaged = Arrays.copyOf(model, random.nextInt(model.length + 1));
      for (int i = random.nextInt(4); i > 0 && damaged.length > 0; i--) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      try {
        byte[] pinned = PinnedCapacity.pin(damaged, CACHES, 64);
        assertTrue(pinned.length <= 2 * model.length, "seed " + seed);
      } catch (BackendException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("export the model again"));
      }
    }
  }
}
