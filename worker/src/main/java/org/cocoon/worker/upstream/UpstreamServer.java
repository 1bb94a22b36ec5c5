package org.cocoon.worker.upstream;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.cocoon.worker.engine.ServedModel;

/**
 * A server as it was found.
 *
 * @param kind what answers there
 * @param model the name that it is asked for
 * @param names what its answers may call that model
 * @param contextTokens prompt and answer together
 * @param slots requests at a time
 */
public record UpstreamServer(
    UpstreamKind kind, String model, Set<String> names, int contextTokens, int slots) {

  /** Copies. */
  public UpstreamServer {
    names = Set.copyOf(names);
  }

  /** The model as this worker offers it. */
  ServedModel served(UpstreamOptions options) {
    List<String> features = new ArrayList<>(kind.features());
    features.add("text_only");
    if (kind.continuesText()) {
      features.add("continues_text");
    }
    return new ServedModel(
        options.servedAs().isEmpty() ? model : options.servedAs(),
        "upstream:" + kind.label().replace(' ', '-'),
        contextTokens,
        slots,
        List.copyOf(features),
        kind.label() + " at " + options.base(),
        false);
  }
}
