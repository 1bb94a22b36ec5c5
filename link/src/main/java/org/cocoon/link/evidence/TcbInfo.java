package org.cocoon.link.evidence;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/**
 * What Intel says of one kind of TDX platform: the object "tcbInfo" of its API, version 4.
 *
 * <p>Keys that are not known are left alone: Intel adds some from time to time.
 *
 * @param issueDate when it was made
 * @param nextUpdate when it ends
 * @param fmspc the kind of platform, 12 lower-case hexadecimal digits
 * @param pceId its provisioning enclave, 4 lower-case hexadecimal digits
 * @param evaluationNumber grows with each TCB recovery
 * @param module the TDX module of version 0
 * @param modules later versions by their id, for example "TDX_03"
 * @param levels highest first: 16 processor components, PCE, 16 TDX components
 */
record TcbInfo(
    Instant issueDate,
    Instant nextUpdate,
    String fmspc,
    String pceId,
    int evaluationNumber,
    TdxModuleIdentity module,
    Map<String, VersionedModule> modules,
    List<TcbLevel> levels) {
  static final int COMPONENTS = PckExtension.COMPONENTS;

  /** Where the TDX components begin in a level. */
  static final int TDX_FROM = COMPONENTS + 1;

  private static final int LEAST_VERSION = 3;
  private static final int MOST_VERSION = 1_000;
  private static final int MAX_MODULES = 256;

  /**
   * A TDX module since version 1, which has levels of its own.
   *
   * @param identity who signed it
   * @param levels highest first, of one version each
   */
  record VersionedModule(TdxModuleIdentity identity, List<TcbLevel> levels) {}

  TcbInfo {
    modules = Map.copyOf(modules);
  }

  /** Reads the signed text. */
  static TcbInfo parse(String text) throws EvidenceRefusedException {
    try {
      JsonObject json = Json.parse(text);
      requireKind(json);
      Map<String, VersionedModule> modules = new HashMap<>();
      for (JsonObject module : json.objects("tdxModuleIdentities", MAX_MODULES)) {
        VersionedModule versioned =
            new VersionedModule(
                TdxModuleIdentity.parse(module),
                SignedJson.levels(module, tcb -> List.of(SignedJson.svn(tcb, "isvsvn"))));
        if (modules.put(module.text("id"), versioned) != null) {
          throw new JsonException("key '" + module.pathOf("id") + "' is a module's that was there");
        }
      }
      return new TcbInfo(
          SignedJson.time(json, "issueDate"),
          SignedJson.time(json, "nextUpdate"),
          HexFormat.of().formatHex(SignedJson.bytes(json, "fmspc", 6)),
          HexFormat.of().formatHex(SignedJson.bytes(json, "pceId", 2)),
          SignedJson.evaluationNumber(json),
          TdxModuleIdentity.parse(json.object("tdxModule")),
          modules,
          SignedJson.levels(json, TcbInfo::versions));
    } catch (JsonException e) {
      throw new EvidenceRefusedException(
          Verdict.Reason.MALFORMED_COLLATERAL, "the TCB info: " + e.reason());
    }
  }

  /** Intel's SGX and TDX documents have the same form and must not stand for each other. */
  private static void requireKind(JsonObject json) throws JsonException, EvidenceRefusedException {
    String id = json.text("id");
    long version = json.whole("version", 0, MOST_VERSION);
    long type = json.whole("tcbType", 0, MOST_VERSION);
    if (!id.equals("TDX") || version < LEAST_VERSION || type != 0) {
      throw new EvidenceRefusedException(
          Verdict.Reason.TCB_INFO_KIND,
          "the TCB info is for %s, version %d, type %d; it must be TDX, 3 or later, 0"
              .formatted(id, version, type));
    }
  }

  private static List<Integer> versions(JsonObject tcb) throws JsonException {
    List<Integer> svns = new ArrayList<>(2 * COMPONENTS + 1);
    addComponents(svns, tcb, "sgxtcbcomponents");
    svns.add(SignedJson.svn(tcb, "pcesvn"));
    addComponents(svns, tcb, "tdxtcbcomponents");
    return svns;
  }

  private static void addComponents(List<Integer> svns, JsonObject tcb, String key)
      throws JsonException {
    List<JsonObject> components = tcb.objects(key, COMPONENTS);
    if (components.size() != COMPONENTS) {
      throw new JsonException(
          "key '" + tcb.pathOf(key) + "' has " + components.size() + " components, not 16");
    }
    for (JsonObject component : components) {
      svns.add(SignedJson.svn(component, "svn"));
    }
  }
}
