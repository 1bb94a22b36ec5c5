package org.cocoon.bench.oracle;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Changes of a finished quote's bytes: any of them breaks a signature, a length or nothing. */
final class QuoteBytes {
  private record Field(String name, int from, int to) {}

  private QuoteBytes() {}

  /** Changes a case's quote in one way. */
  static Case changed(Case base, Case other, Random random) {
    byte[] quote = base.quote().clone();
    List<Field> fields = fields(quote);
    int index = random.nextInt(fields.size());
    Field field = fields.get(index);
    int at = field.from() + random.nextInt(field.to() - field.from());
    int length = 1 + random.nextInt(40);
    return switch (random.nextInt(20)) {
      case 0 -> base.with("cut at " + at, Arrays.copyOf(quote, at));
      case 1 -> base.with("added at " + at, inserted(quote, at, bytes(random, length)));
      case 2 -> base.with("zeros at the end", Arrays.copyOf(quote, quote.length + length));
      case 3 -> base.with("removed at " + at, removed(quote, at, length));
      case 4, 5, 6 -> {
        byte[] from = other.quote();
        Field same = fields(from).get(index);
        int size = Math.min(field.to() - field.from(), same.to() - same.from());
        System.arraycopy(from, same.from(), quote, field.from(), size);
        yield base.with("other's " + field.name(), quote);
      }
      case 7 -> {
        Arrays.fill(quote, field.from(), field.to(), (byte) (random.nextBoolean() ? 0 : 0xff));
        yield base.with("filled " + field.name(), quote);
      }
      case 8, 9, 10, 11, 12 -> {
        quote[at] ^= (byte) (1 << random.nextInt(8));
        yield base.with("bit of " + field.name() + " at " + at, quote);
      }
      default -> {
        quote[at] ^= (byte) (1 + random.nextInt(255));
        yield base.with("byte of " + field.name() + " at " + at, quote);
      }
    };
  }

  /** Every field, so that each has the same chance however long it is. */
  private static List<Field> fields(byte[] quote) {
    ByteBuffer buffer = ByteBuffer.wrap(quote).order(ByteOrder.LITTLE_ENDIAN);
    boolean version5 = buffer.getShort(0) == 5;
    List<Field> fields = new ArrayList<>();
    int at = add(fields, 0, "version", 2, "key type", 2, "TEE type", 4, "reserved", 4);
    at = add(fields, at, "vendor", 16, "user data", 20);
    int bodyEnd = at + 584;
    if (version5) {
      bodyEnd = at + 6 + buffer.getInt(at + 2);
      at += 6;
      fields.add(new Field("body descriptor", at - 6, at));
    } else {
      // Here as well, so that fields of quotes of both versions have the same indexes.
      fields.add(new Field("body descriptor", 0, 2));
    }
    at = add(fields, at, "teeTcbSvn", 16, "mrSeam", 48, "mrSignerSeam", 48, "seamAttributes", 8);
    at = add(fields, at, "tdAttributes", 8, "xfam", 8, "mrTd", 48, "configuration", 144);
    add(fields, at, "rtmrs", 192, "reportData", 64);
    fields.add(new Field("end of body", bodyEnd - 64, bodyEnd));
    at = add(fields, bodyEnd, "signature data's length", 4, "signature r", 32, "signature s", 32);
    at = add(fields, at, "key x", 32, "key y", 32, "certification type", 2, "its length", 4);
    at = add(fields, at, "qe svn", 16, "qe misc", 32, "qe attributes", 16, "mrEnclave", 64);
    at = add(fields, at, "mrSigner", 128, "product and svn", 64, "qe report data", 64);
    at = add(fields, at, "qe signature r", 32, "qe signature s", 32);
    int auth = Short.toUnsignedInt(buffer.getShort(at));
    at = add(fields, at, "auth length", 2, "auth", auth, "inner type", 2, "inner length", 4);
    int chain = buffer.getInt(at - 4);
    int part = chain / 3;
    add(fields, at, "leaf", part, "intermediate", part, "root", chain - 2 * part);
    return fields;
  }

  private static int add(List<Field> fields, int from, Object... namesAndLengths) {
    int at = from;
    for (int i = 0; i < namesAndLengths.length; i += 2) {
      int to = at + (Integer) namesAndLengths[i + 1];
      fields.add(new Field((String) namesAndLengths[i], at, to));
      at = to;
    }
    return at;
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  static byte[] inserted(byte[] bytes, int at, byte[] more) {
    byte[] result = Arrays.copyOf(bytes, bytes.length + more.length);
    System.arraycopy(more, 0, result, at, more.length);
    System.arraycopy(bytes, at, result, at + more.length, bytes.length - at);
    return result;
  }

  static byte[] removed(byte[] bytes, int at, int length) {
    int end = Math.min(at + length, bytes.length);
    byte[] result = Arrays.copyOf(bytes, bytes.length - (end - at));
    System.arraycopy(bytes, end, result, at, bytes.length - end);
    return result;
  }
}
