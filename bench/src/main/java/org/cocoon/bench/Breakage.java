package org.cocoon.bench;

import io.vertx.core.http.HttpClosedException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import javax.net.ssl.SSLException;
import org.cocoon.bench.Failure.Kind;

/** The one place that turns what a connection throws into a {@link Failure}. */
final class Breakage {
  private Breakage() {}

  /**
   * Names what happened.
   *
   * @param connected whether the request had a connection
   * @param answering whether some text had come
   */
  static Failure of(Throwable problem, boolean connected, boolean answering) {
    if (problem instanceof UnknownHostException || problem instanceof UnresolvedAddressException) {
      return new Failure(Kind.CONNECTION, "unknown host");
    }
    if (problem instanceof SSLException) {
      return new Failure(Kind.CONNECTION, "TLS handshake");
    }
    if (!connected) {
      boolean timedOut =
          problem.getClass().getSimpleName().contains("Timeout")
              || String.valueOf(problem.getMessage()).contains("timed out");
      if (timedOut) {
        return new Failure(Kind.TIMEOUT, "connecting");
      }
      return new Failure(
          Kind.CONNECTION,
          problem instanceof ConnectException
              ? "refused"
              : "not made: " + problem.getClass().getSimpleName());
    }
    if (problem instanceof HttpClosedException || problem instanceof java.io.IOException) {
      return new Failure(
          Kind.CONNECTION, answering ? "closed in mid-answer" : "closed before any text");
    }
    return new Failure(Kind.MALFORMED, problem.getClass().getSimpleName());
  }
}
