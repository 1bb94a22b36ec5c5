package org.cocoon.link.evidence;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.json.Json;

/** Writes a policy file: sorted, so that equal policies have equal files. */
final class PolicyWriter {
  private PolicyWriter() {}

  static String write(Policy policy) {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("version", "1");
    keys.put("trustedRoots", texts(policy.trustedRoots()));
    keys.put("simulatedRoots", texts(policy.simulatedRoots()));
    keys.put(
        "collateral",
        Json.quote(
            policy.collateralRequired() ? PolicyReader.REQUIRED : PolicyReader.NOT_REQUIRED));
    keys.put("tcbStatuses", texts(policy.tcb().statuses().stream().map(TcbStatus::word).toList()));
    keys.put("minimumEvaluationNumber", Integer.toString(policy.tcb().minimumEvaluationNumber()));
    keys.put("allowedAdvisories", texts(policy.tcb().advisories()));
    keys.put("tdAttributes", bits(policy.domains().tdAttributes()));
    keys.put("xfam", bits(policy.domains().xfam()));
    keys.put("mrSeam", texts(policy.domains().mrSeam()));
    keys.put("images", roles(role -> texts(policy.imagesOf(role))));
    keys.put("gpu", roles(role -> Json.quote(policy.gpu(role).word())));
    keys.put("gpuAccepted", gpus(policy.gpuAccepted()));
    keys.put("snp", snp(policy.snp()));
    keys.put("onChange", Json.quote(policy.onChange().word()));
    return object(keys, "") + "\n";
  }

  private static String gpus(Policy.Gpus gpus) {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("chips", texts(gpus.chips()));
    keys.put("drivers", texts(gpus.drivers()));
    keys.put("vbios", texts(gpus.vbios()));
    return object(keys, "  ");
  }

  private static String snp(Policy.Snp snp) {
    Map<String, String> keys = new LinkedHashMap<>();
    snp.minimumTcb()
        .forEach(
            (product, minimum) -> {
              Map<String, String> parts = new LinkedHashMap<>();
              minimum.forEach((part, svn) -> parts.put(part, svn.toString()));
              keys.put(product, object(parts, "    "));
            });
    return object(keys, "  ");
  }

  private static String roles(Function<Role, String> value) {
    Map<String, String> keys = new LinkedHashMap<>();
    Arrays.stream(Role.values()).forEach(role -> keys.put(role.word(), value.apply(role)));
    return object(keys, "  ");
  }

  private static String object(Map<String, String> keys, String indent) {
    if (keys.isEmpty()) {
      return "{}";
    }
    return keys.entrySet().stream()
        .map(e -> indent + "  " + Json.quote(e.getKey()) + ": " + e.getValue())
        .collect(Collectors.joining(",\n", "{\n", "\n" + indent + "}"));
  }

  private static String texts(Collection<String> texts) {
    return new TreeSet<>(texts)
        .stream().map(Json::quote).collect(Collectors.joining(", ", "[", "]"));
  }

  private static String bits(Collection<Long> values) {
    return texts(values.stream().map(value -> "0x" + Long.toHexString(value)).toList());
  }
}
