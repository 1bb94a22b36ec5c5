package org.cocoon.link.keys;

import java.util.List;
import org.cocoon.link.seal.GroupKeys;
import org.cocoon.link.wire.GroupKeyStatement;

/** The group keys that a worker holds, and what it shows of them. Safe for use by many threads. */
public interface HeldKeys extends GroupKeys {
  /** What the key manager says of the newest key of each model; routers pass it on. */
  List<GroupKeyStatement> statements();
}
