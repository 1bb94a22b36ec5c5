package org.cocoon.router.fleet;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Hello;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.Uplink;
import org.jspecify.annotations.Nullable;

/**
 * What a worker's first message, and a later list of models, must look like, so that it fills
 * neither logs nor pages.
 */
final class HelloRules {
  private static final int MAX_MODELS = 64;
  private static final int MAX_NAME = 64;
  private static final int MAX_MODEL_NAME = 255;
  private static final int MAX_SLOTS = 65_536;
  private static final int MAX_REVISION = 255;
  private static final int MAX_FEATURES = 32;
  private static final int MAX_SIMULATED = 8;
  private static final int MAX_INSTANCE = 32;

  private static final Pattern PAYOUT = Pattern.compile("0:[0-9a-f]{64}");

  private HelloRules() {}

  /** What is wrong with a first message, or null. */
  static @Nullable String wrong(FromWorker message) {
    if (!message.hasHello()) {
      return "the first message must be a hello";
    }
    Hello hello = message.getHello();
    if (hello.getMinVersion() > Uplink.VERSION || hello.getMaxVersion() < Uplink.VERSION) {
      return "this router speaks protocol version %d, the worker %d to %d; update the older one"
          .formatted(Uplink.VERSION, hello.getMinVersion(), hello.getMaxVersion());
    }
    if (!plain(hello.getName(), MAX_NAME)) {
      return "a worker's name is 1 to %d printable characters".formatted(MAX_NAME);
    }
    String wrongModels = wrong(hello.getModelsList());
    if (wrongModels != null) {
      return wrongModels;
    }
    if (!hello.getSoftware().isEmpty() && !plain(hello.getSoftware(), MAX_NAME)) {
      return "a software version is at most %d printable characters".formatted(MAX_NAME);
    }
    if (hello.getSimulatedCount() > MAX_SIMULATED
        || !hello.getSimulatedList().stream().allMatch(what -> plain(what, MAX_NAME))) {
      return "what is simulated is at most %d words".formatted(MAX_SIMULATED);
    }
    if (hello.getInstance().size() > MAX_INSTANCE) {
      return "an instance has at most %d bytes".formatted(MAX_INSTANCE);
    }
    if (!hello.getPayout().isEmpty() && !PAYOUT.matcher(hello.getPayout()).matches()) {
      return "a payout address is '0:' and 64 hexadecimal digits";
    }
    if (hello.getCoefficient() < 1 || hello.getCoefficient() > 1_000_000) {
      return "a coefficient is 1 to 1000000 (1000 = 1.0)";
    }
    return null;
  }

  /** What is wrong with a list of models, or null. */
  static @Nullable String wrong(List<Model> models) {
    if (models.size() < 1 || models.size() > MAX_MODELS) {
      return "a worker offers 1 to %d models".formatted(MAX_MODELS);
    }
    Set<String> names = new HashSet<>();
    for (Model model : models) {
      if (!names.add(model.getName())) {
        return "a model stands twice in the list";
      }
      if (model.getRevision().length() > MAX_REVISION) {
        return "a model's revision is at most %d characters".formatted(MAX_REVISION);
      }
      if (model.getFeaturesCount() > MAX_FEATURES
          || !model.getFeaturesList().stream().allMatch(what -> plain(what, MAX_NAME))) {
        return "a model's features are at most %d words".formatted(MAX_FEATURES);
      }
      if (!plain(model.getName(), MAX_MODEL_NAME)
          || model.getSlots() < 1
          || model.getSlots() > MAX_SLOTS
          || model.getContextTokens() < 1) {
        return "a model needs a name, 1 to %d slots and a context".formatted(MAX_SLOTS);
      }
    }
    return null;
  }

  private static boolean plain(String text, int most) {
    return !text.isEmpty()
        && text.length() <= most
        && text.chars().allMatch(c -> c > 0x20 && c < 0x7f && c != '"' && c != '\\');
  }
}
