package org.cocoon.client.attested;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.node.RegistryPolicy;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.tls.PolicyFeed;
import org.cocoon.link.tls.PolicyWatch;

/** Where a client's policy comes from. */
public sealed interface PolicyPlace {

  /** A file, read again whenever it changes. */
  record File(Path path) implements PolicyPlace {
    @Override
    public PolicyFeed open(PolicyWatch.Listener listener) throws IOException {
      return PolicyWatch.open(path, listener);
    }

    @Override
    public String words() {
      return path.toAbsolutePath().toString();
    }

    @Override
    public Set<String> roots() {
      try {
        return rootsOf(Policy.load(path));
      } catch (IOException e) {
        return Set.of(); // a policy that cannot be read vouches for nothing new
      }
    }
  }

  /** The registry on the chain, which stays its owner's to close. */
  record Registry(RegistryFeed feed) implements PolicyPlace {
    @Override
    public PolicyFeed open(PolicyWatch.Listener listener) {
      return new RegistryPolicy(feed, listener);
    }

    @Override
    public String words() {
      return "registry %s, version %d"
          .formatted(feed.standing().registry(), feed.standing().version());
    }

    @Override
    public Set<String> roots() {
      return rootsOf(feed.current().policy());
    }
  }

  /**
   * Begins to follow it.
   *
   * @throws IOException a sentence, if it cannot be read
   */
  PolicyFeed open(PolicyWatch.Listener listener) throws IOException;

  /** Says for people where it is. */
  String words();

  /** The roots under which collateral must be signed now. */
  Set<String> roots();

  private static Set<String> rootsOf(Policy policy) {
    Set<String> roots = new HashSet<>(policy.trustedRoots());
    roots.addAll(policy.simulatedRoots());
    return roots;
  }
}
