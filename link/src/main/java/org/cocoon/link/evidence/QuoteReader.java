package org.cocoon.link.evidence;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/** Reads a quote's fields in order, little-endian; a field that does not fit ends the parse. */
final class QuoteReader {
  private final ByteBuffer buffer;

  QuoteReader(byte[] bytes) {
    buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  int position() {
    return buffer.position();
  }

  int remaining() {
    return buffer.remaining();
  }

  byte[] bytes(int length, String field) throws MalformedQuoteException {
    need(length, field);
    byte[] result = new byte[length];
    buffer.get(result);
    return result;
  }

  String hex(int length, String field) throws MalformedQuoteException {
    return HexFormat.of().formatHex(bytes(length, field));
  }

  int u16(String field) throws MalformedQuoteException {
    need(2, field);
    return Short.toUnsignedInt(buffer.getShort());
  }

  long u32(String field) throws MalformedQuoteException {
    need(4, field);
    return Integer.toUnsignedLong(buffer.getInt());
  }

  long u64(String field) throws MalformedQuoteException {
    need(8, field);
    return buffer.getLong();
  }

  /** A length that what is left must be able to hold. */
  int length(String field) throws MalformedQuoteException {
    long length = u32(field);
    if (length > buffer.remaining()) {
      throw new MalformedQuoteException(
          field + " says " + length + " bytes, but " + buffer.remaining() + " are left");
    }
    return (int) length;
  }

  private void need(int length, String field) throws MalformedQuoteException {
    if (buffer.remaining() < length) {
      throw new MalformedQuoteException(
          field + " needs " + length + " bytes, but " + buffer.remaining() + " are left");
    }
  }
}
