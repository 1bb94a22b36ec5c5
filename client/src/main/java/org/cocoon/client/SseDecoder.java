package org.cocoon.client;

import java.util.Arrays;

/**
 * A push decoder for server-sent events (WHATWG HTML, section 9.2.6), fed with bytes as they come.
 *
 * <p>Bytes may be torn anywhere. Lines end with LF, CR or CRLF; comments and fields other than
 * {@code data} are skipped; several data lines of one event are joined by LF; an event that the
 * stream's end cuts off is never delivered. Memory is bounded by the largest event allowed. Not
 * thread-safe.
 */
public final class SseDecoder {
  /** What takes the events. */
  @FunctionalInterface
  public interface Sink {
    /**
     * Takes one event's data.
     *
     * @param buffer holds the data; the decoder's own, valid only during the call
     * @param length bytes from the buffer's start that are data
     */
    void event(byte[] buffer, int length);
  }

  /** Thrown when one line or one event is larger than the decoder was made for. */
  public static final class EventTooLargeException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EventTooLargeException(int limitBytes) {
      super("an event of the stream is larger than " + limitBytes + " bytes");
    }
  }

  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF};
  private static final byte[] NEWLINE = {'\n'};
  private static final int INITIAL_BYTES = 1024;

  private final Sink sink;
  private final int maxEventBytes;
  private byte[] line = new byte[INITIAL_BYTES];
  private int lineLength;
  private byte[] data = new byte[INITIAL_BYTES];
  private int dataLength;
  private boolean hasData;
  private boolean afterCarriageReturn;
  private boolean firstLine = true;

  /**
   * Makes a decoder.
   *
   * @param sink takes the events, in order, during {@link #feed}
   * @param maxEventBytes the largest line and the largest event taken, at least 1
   */
  public SseDecoder(Sink sink, int maxEventBytes) {
    if (maxEventBytes < 1) {
      throw new IllegalArgumentException("maxEventBytes must be at least 1: " + maxEventBytes);
    }
    this.sink = sink;
    this.maxEventBytes = maxEventBytes;
  }

  /**
   * Takes the next bytes of the stream and delivers every event that they complete.
   *
   * @param bytes read, not kept
   * @param from first byte
   * @param to one past the last byte
   * @throws EventTooLargeException if a line or an event breaks the bound; the decoder is then done
   */
  public void feed(byte[] bytes, int from, int to) {
    int start = from;
    // The LF of a CRLF whose CR was the last byte of the piece before ends no second line.
    if (afterCarriageReturn && start < to) {
      afterCarriageReturn = false;
      if (bytes[start] == '\n') {
        start++;
      }
    }
    for (int i = start; i < to; i++) {
      byte b = bytes[i];
      if (b != '\n' && b != '\r') {
        continue;
      }
      endLine(bytes, start, i);
      if (b == '\r') {
        if (i + 1 == to) {
          afterCarriageReturn = true;
        } else if (bytes[i + 1] == '\n') {
          i++;
        }
      }
      start = i + 1;
    }
    if (start < to) {
      line = append(line, lineLength, bytes, start, to);
      lineLength += to - start;
    }
  }

  private void endLine(byte[] bytes, int from, int to) {
    if (lineLength == 0) {
      takeLine(bytes, from, to);
      return;
    }
    line = append(line, lineLength, bytes, from, to);
    int length = lineLength + to - from;
    lineLength = 0;
    takeLine(line, 0, length);
  }

  private void takeLine(byte[] bytes, int from, int to) {
    int start = from;
    if (firstLine) {
      firstLine = false;
      if (startsWith(bytes, start, to, BYTE_ORDER_MARK)) {
        start += BYTE_ORDER_MARK.length;
      }
    }
    if (start == to) {
      dispatch();
      return;
    }
    if (!isDataField(bytes, start, to)) {
      return;
    }
    int value = Math.min(start + 5, to);
    if (value < to && bytes[value] == ' ') {
      value++;
    }
    if (hasData) {
      data = append(data, dataLength, NEWLINE, 0, 1);
      dataLength++;
    }
    data = append(data, dataLength, bytes, value, to);
    dataLength += to - value;
    hasData = true;
  }

  private static boolean isDataField(byte[] bytes, int from, int to) {
    int length = to - from;
    return length >= 4
        && bytes[from] == 'd'
        && bytes[from + 1] == 'a'
        && bytes[from + 2] == 't'
        && bytes[from + 3] == 'a'
        && (length == 4 || bytes[from + 4] == ':');
  }

  private static boolean startsWith(byte[] bytes, int from, int to, byte[] prefix) {
    return to - from >= prefix.length
        && Arrays.equals(bytes, from, from + prefix.length, prefix, 0, prefix.length);
  }

  private void dispatch() {
    if (!hasData) {
      return;
    }
    int length = dataLength;
    hasData = false;
    dataLength = 0;
    sink.event(data, length);
  }

  private byte[] append(byte[] to, int length, byte[] bytes, int start, int end) {
    int needed = length + end - start;
    if (needed > maxEventBytes) {
      throw new EventTooLargeException(maxEventBytes);
    }
    byte[] grown =
        needed <= to.length
            ? to
            : Arrays.copyOf(to, Math.min(maxEventBytes, Math.max(needed, to.length * 2)));
    System.arraycopy(bytes, start, grown, length, end - start);
    return grown;
  }
}
