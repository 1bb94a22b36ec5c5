package org.cocoon.worker.uplink;

import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** What a worker's links prove of it, and what they ask of its routers. */
public interface Attestation {
  /**
   * What one connection presents.
   *
   * @param options with a key of its own and the evidence for it
   * @param notAfter when its certificate ends
   */
  record Credentials(HttpClientOptions options, Instant notAfter) {}

  /** Makes a fresh key and evidence for one connection; blocks. */
  Credentials fresh() throws Exception;

  /** Why our own evidence would be refused by our own policy, or an empty string. */
  String selfCheck();

  /**
   * A router welcomed us: from now on its evidence is watched, until {@link #closed}. On the event
   * loop.
   *
   * @return when another connection should take over, or null if the router's evidence is no longer
   *     accepted
   */
  @Nullable Instant opened(HttpConnection connection, Credentials own);

  /** The connection ended. */
  void closed(HttpConnection connection);

  /** The clock of all these times. */
  InstantSource clock();
}
