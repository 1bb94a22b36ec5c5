package org.cocoon.worker.upstream;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;

/**
 * Cuts server-sent events out of bytes that come in any pieces (WHATWG HTML, section 9.2.6).
 *
 * <p>Only what answers use is told: the data of each event, and the line {@code error:} that
 * llama-server sends in their place. Everything has a bound. One thread.
 */
final class EventStream {
  /** Of one event; a chunk with 20 log probabilities for each of 64 tokens is below it. */
  static final int MOST_EVENT_BYTES = 1 << 20;

  /** Hears each event's data, in order. */
  @FunctionalInterface
  interface Listener {
    /** One event. */
    void event(byte[] data) throws UpstreamFault;
  }

  private final Listener listener;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(512);
  private final ByteArrayOutputStream data = new ByteArrayOutputStream(512);
  private boolean hasData;
  private boolean afterReturn;
  private boolean first = true;

  EventStream(Listener listener) {
    this.listener = listener;
  }

  /**
   * Takes bytes.
   *
   * @throws UpstreamFault if an event is longer than {@value #MOST_EVENT_BYTES} bytes, or the
   *     listener found a fault
   */
  void feed(Buffer bytes) throws UpstreamFault {
    for (int i = 0; i < bytes.length(); i++) {
      byte next = bytes.getByte(i);
      if (next == '\n' && afterReturn) {
        afterReturn = false; // the second half of CRLF
        continue;
      }
      afterReturn = next == '\r';
      if (next == '\n' || next == '\r') {
        endLine();
      } else if (line.size() + data.size() >= MOST_EVENT_BYTES) {
        throw new UpstreamFault("an event is longer than " + MOST_EVENT_BYTES + " bytes");
      } else {
        line.write(next);
      }
    }
  }

  private void endLine() throws UpstreamFault {
    byte[] whole = line.toByteArray();
    line.reset();
    int from = first && startsWith(whole, 0, 0xEF, 0xBB, 0xBF) ? 3 : 0;
    first = false;
    if (whole.length == from) {
      dispatch();
    } else if (startsWith(whole, from, 'd', 'a', 't', 'a', ':')) {
      append(whole, from + 5);
    } else if (startsWith(whole, from, 'e', 'r', 'r', 'o', 'r', ':')) {
      append(whole, from + 6);
    }
  }

  private void append(byte[] whole, int at) {
    int from = at < whole.length && whole[at] == ' ' ? at + 1 : at;
    if (hasData) {
      data.write('\n');
    }
    hasData = true;
    data.write(whole, from, whole.length - from);
  }

  private void dispatch() throws UpstreamFault {
    if (hasData) {
      hasData = false;
      byte[] event = data.toByteArray();
      data.reset();
      listener.event(event);
    }
  }

  private static boolean startsWith(byte[] bytes, int from, int... prefix) {
    if (bytes.length - from < prefix.length) {
      return false;
    }
    for (int i = 0; i < prefix.length; i++) {
      if ((bytes[from + i] & 0xFF) != prefix[i]) {
        return false;
      }
    }
    return true;
  }
}
