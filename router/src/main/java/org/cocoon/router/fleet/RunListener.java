package org.cocoon.router.fleet;

import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.Tokens;

/**
 * Hears what a worker did with one run. Called on the event loop; after {@link #done}, {@link
 * #failed} or {@link #lost} nothing more comes but {@link #broken}.
 */
public interface RunListener {
  /** New tokens, in order. */
  void tokens(Tokens tokens);

  /** The run ended well, or after a cancel. */
  void done(Done done);

  /** The worker could not do it. */
  void failed(Failed failed);

  /** The link ended, or the worker went silent, before the run did. */
  void lost();

  /** One of the methods above threw this: the run must end without harm to others. */
  void broken(Throwable fault);
}
