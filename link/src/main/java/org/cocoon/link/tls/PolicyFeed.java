package org.cocoon.link.tls;

import java.util.Optional;
import org.cocoon.link.evidence.Policy;

/** The policy in force, wherever it comes from. */
public interface PolicyFeed extends AutoCloseable {
  /** The policy in force. */
  Policy current();

  /** Looks whether it changed, and tells its listener; blocks for no longer than reading a file. */
  void poll();

  /** Why no new peer is accepted now, whatever its evidence; empty if they are. */
  Optional<PeerVerdict.Refused> closed();

  /** Ends what it needs to follow the policy. */
  @Override
  void close();
}
