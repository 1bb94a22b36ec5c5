package org.cocoon.link.evidence;

import java.io.IOException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/** Reads a policy file strictly: an unknown, doubled or wrong key is refused by its name. */
final class PolicyReader {
  static final String REQUIRED = "required";
  static final String NOT_REQUIRED = "not-required";

  private static final int MAX_ENTRIES = 1_000;
  private static final int VERSION = 1;
  private static final List<String> KEYS =
      List.of(
          "version",
          "trustedRoots",
          "simulatedRoots",
          "collateral",
          "tcbStatuses",
          "minimumEvaluationNumber",
          "allowedAdvisories",
          "tdAttributes",
          "xfam",
          "mrSeam",
          "images",
          "gpu",
          "gpuAccepted",
          "snp",
          "onChange");
  private static final List<String> ROLES = Arrays.stream(Role.values()).map(Role::word).toList();
  private static final List<String> GPU_KEYS = List.of("chips", "drivers", "vbios");

  private static final Form HASH =
      new Form(Pattern.compile("[0-9a-f]{64}"), "SHA-256 in 64 lower-case hexadecimal digits");
  private static final Form REGISTER =
      new Form(Pattern.compile("[0-9a-f]{96}"), "SHA-384 in 96 lower-case hexadecimal digits");
  private static final Form BITS =
      new Form(Pattern.compile("0x[0-9a-f]{1,16}"), "bits like \"0x10000000\"");
  private static final Form ADVISORY =
      new Form(Pattern.compile("[A-Z0-9-]{1,64}"), "advisories like \"INTEL-SA-01036\"");
  private static final Form NAME =
      new Form(Pattern.compile("[A-Za-z0-9._-]{1,64}"), "names or versions like \"590.12\"");

  private final JsonObject file;

  /**
   * What the strings of a list must look like.
   *
   * @param pattern of a whole string
   * @param words says so in a message
   */
  private record Form(Pattern pattern, String words) {}

  private PolicyReader(JsonObject file) {
    this.file = file;
  }

  static Policy read(byte[] json, int maxBytes) throws IOException {
    try {
      return read(Json.parse(json, maxBytes));
    } catch (JsonException e) {
      throw new IOException(e.reason(), e);
    }
  }

  static Policy read(JsonObject policy) throws JsonException {
    return new PolicyReader(policy).read();
  }

  private Policy read() throws JsonException {
    file.requireOnly(KEYS);
    if (file.whole("version", 0, Integer.MAX_VALUE) != VERSION) {
      throw new JsonException("key '" + file.pathOf("version") + "' must be 1");
    }
    return new Policy(
        texts(file, "trustedRoots", HASH),
        texts(file, "simulatedRoots", HASH),
        word(file, "collateral", List.of(REQUIRED, NOT_REQUIRED)).orElse(REQUIRED).equals(REQUIRED),
        new Policy.Tcb(
            statuses(),
            file.has("minimumEvaluationNumber")
                ? (int) file.whole("minimumEvaluationNumber", 0, Integer.MAX_VALUE)
                : 0,
            texts(file, "allowedAdvisories", ADVISORY)),
        new Policy.Domains(bits("tdAttributes"), bits("xfam"), texts(file, "mrSeam", REGISTER)),
        images(),
        gpu(),
        gpuAccepted(),
        snp(),
        word(file, "onChange", words(OnChange.values(), OnChange::word))
            .map(word -> OnChange.valueOf(word.toUpperCase(Locale.ROOT)))
            .orElse(OnChange.END));
  }

  private Set<TcbStatus> statuses() throws JsonException {
    if (!file.has("tcbStatuses")) {
      return Policy.Tcb.STRICT.statuses();
    }
    Set<TcbStatus> statuses = new LinkedHashSet<>();
    for (String word : file.texts("tcbStatuses", MAX_ENTRIES)) {
      statuses.add(
          TcbStatus.ofWord(word)
              .filter(status -> status != TcbStatus.REVOKED)
              .orElseThrow(
                  () ->
                      new JsonException(
                          "key '"
                              + file.pathOf("tcbStatuses")
                              + "' has '"
                              + word
                              + "'; there are "
                              + Arrays.stream(TcbStatus.values())
                                  .filter(status -> status != TcbStatus.REVOKED)
                                  .map(TcbStatus::word)
                                  .collect(Collectors.joining(", ")))));
    }
    return statuses;
  }

  private Set<Long> bits(String key) throws JsonException {
    return texts(file, key, BITS).stream()
        .map(text -> Long.parseUnsignedLong(text, 2, text.length(), 16))
        .collect(Collectors.toUnmodifiableSet());
  }

  private Map<Role, Set<String>> images() throws JsonException {
    Map<Role, Set<String>> images = new EnumMap<>(Role.class);
    if (file.has("images")) {
      JsonObject object = file.object("images");
      object.requireOnly(ROLES);
      for (Role role : Role.values()) {
        images.put(role, texts(object, role.word(), HASH));
      }
    }
    return images;
  }

  private Map<Role, GpuRule> gpu() throws JsonException {
    Map<Role, GpuRule> rules = new EnumMap<>(Role.class);
    if (file.has("gpu")) {
      JsonObject object = file.object("gpu");
      object.requireOnly(ROLES);
      for (Role role : Role.values()) {
        word(object, role.word(), words(GpuRule.values(), GpuRule::word))
            .ifPresent(word -> rules.put(role, GpuRule.valueOf(word.toUpperCase(Locale.ROOT))));
      }
    }
    return rules;
  }

  private Policy.Gpus gpuAccepted() throws JsonException {
    if (!file.has("gpuAccepted")) {
      return Policy.Gpus.NONE;
    }
    JsonObject object = file.object("gpuAccepted");
    object.requireOnly(GPU_KEYS);
    return new Policy.Gpus(
        texts(object, "chips", NAME), texts(object, "drivers", NAME), texts(object, "vbios", NAME));
  }

  private Policy.Snp snp() throws JsonException {
    if (!file.has("snp")) {
      return Policy.Snp.NONE;
    }
    JsonObject object = file.object("snp");
    object.requireOnly(Policy.Snp.products());
    SortedMap<String, SortedMap<String, Integer>> minimum = new TreeMap<>();
    for (String product : object.keys()) {
      JsonObject tcb = object.object(product);
      tcb.requireOnly(Policy.Snp.partsOf(product));
      SortedMap<String, Integer> parts = new TreeMap<>();
      for (String part : Policy.Snp.partsOf(product)) {
        parts.put(part, (int) tcb.whole(part, 0, 0xff));
      }
      minimum.put(product, parts);
    }
    return new Policy.Snp(minimum);
  }

  private static Set<String> texts(JsonObject object, String key, Form form) throws JsonException {
    Set<String> texts = new LinkedHashSet<>();
    for (String text : object.texts(key, MAX_ENTRIES)) {
      if (!form.pattern().matcher(text).matches()) {
        throw new JsonException(
            "key '" + object.pathOf(key) + "' must be a list of " + form.words() + ", not " + text);
      }
      if (!texts.add(text)) {
        throw new JsonException("key '" + object.pathOf(key) + "' has " + text + " twice");
      }
    }
    return texts;
  }

  private static <T> List<String> words(T[] values, Function<T, String> word) {
    return Arrays.stream(values).map(word).toList();
  }

  /** One word out of some; empty where the key is missing. */
  private static Optional<String> word(JsonObject object, String key, List<String> words)
      throws JsonException {
    if (!object.has(key)) {
      return Optional.empty();
    }
    String right =
        "key '%s' must be \"%s\"".formatted(object.pathOf(key), String.join("\" or \"", words));
    try {
      String word = object.text(key);
      if (words.contains(word)) {
        return Optional.of(word);
      }
    } catch (JsonException _) {
      // Not a string: the sentence below is right for it.
    }
    throw new JsonException(right);
  }
}
