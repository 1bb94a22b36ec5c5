package org.cocoon.bench.oracle;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

/** The parts of a {@link Forgery} as they are when nothing is wrong with them. */
final class Documents {
  static final String FMSPC = "f0f000000000";
  static final List<Integer> COMPONENTS = List.of(7, 7, 2, 2, 3, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0);
  static final int PCE_SVN = 13;
  static final byte[] VENDOR = HexFormat.of().parseHex("939a7233f79c4ca9940a0db3957f0607");

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<Integer> TDX = List.of(5, 1, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  private static final List<Integer> LOW = List.of(2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  private static final String MR_SIGNER = "f0".repeat(32);
  private static final String ATTRIBUTES = "11000000000000000000000000000000";
  private static final long SEPT_VE_DISABLE = 1L << 28;
  private static final long XFAM = 0x602e7;

  private Documents() {}

  static byte[] body(boolean td15) {
    ByteBuffer body = ByteBuffer.allocate(td15 ? 648 : 584).order(ByteOrder.LITTLE_ENDIAN);
    byte[] svn = {7, 1, 3};
    body.put(0, svn).putLong(120, SEPT_VE_DISABLE).putLong(128, XFAM);
    for (int at = 136; at < 184; at++) {
      body.put(at, (byte) 0x5a);
    }
    if (td15) {
      body.put(584, svn);
    }
    return body.array();
  }

  static byte[] qeReport() {
    return ByteBuffer.allocate(Forgery.QE_REPORT_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(48, HexFormat.of().parseHex(ATTRIBUTES))
        .put(128, HexFormat.of().parseHex(MR_SIGNER))
        .putShort(256, (short) 2)
        .putShort(258, (short) 4)
        .array();
  }

  static ObjectNode tcbInfo() {
    ObjectNode info = dated("TDX", 3);
    info.put("fmspc", FMSPC).put("pceId", "0000").put("tcbType", 0);
    info.put("tcbEvaluationDataNumber", 18);
    module(info.putObject("tdxModule"));
    ObjectNode module = info.putArray("tdxModuleIdentities").addObject();
    module(module.put("id", "TDX_01"));
    ArrayNode moduleLevels = module.putArray("tcbLevels");
    level(moduleLevels, "UpToDate").putObject("tcb").put("isvsvn", 7);
    level(moduleLevels, "OutOfDate", "FORGED-SA-2").putObject("tcb").put("isvsvn", 2);
    ArrayNode levels = info.putArray("tcbLevels");
    platform(level(levels, "UpToDate"), COMPONENTS, PCE_SVN, TDX);
    platform(level(levels, "ConfigurationNeeded", "FORGED-SA-3"), COMPONENTS, 11, TDX);
    platform(level(levels, "OutOfDate", "FORGED-SA-1"), LOW, 5, LOW);
    return info;
  }

  static ObjectNode qeIdentity() {
    ObjectNode identity = dated("TD_QE", 2);
    identity.put("tcbEvaluationDataNumber", 18);
    identity.put("miscselect", "00000000").put("miscselectMask", "FFFFFFFF");
    identity.put("attributes", ATTRIBUTES);
    identity.put("attributesMask", "FBFFFFFFFFFFFFFF0000000000000000");
    identity.put("mrsigner", MR_SIGNER).put("isvprodid", 2);
    ArrayNode levels = identity.putArray("tcbLevels");
    level(levels, "UpToDate").putObject("tcb").put("isvsvn", 4);
    level(levels, "OutOfDate", "FORGED-SA-4").putObject("tcb").put("isvsvn", 2);
    return identity;
  }

  private static ObjectNode dated(String id, int version) {
    ObjectNode node = JSON.createObjectNode().put("id", id).put("version", version);
    node.put("issueDate", Forgery.NOW.minus(Duration.ofDays(10)).toString());
    return node.put("nextUpdate", Forgery.NOW.plus(Duration.ofDays(20)).toString());
  }

  private static void module(ObjectNode node) {
    node.put("mrsigner", "00".repeat(48)).put("attributes", "00".repeat(8));
    node.put("attributesMask", "FF".repeat(8));
  }

  private static ObjectNode level(ArrayNode levels, String status, String... advisories) {
    ObjectNode level = levels.addObject().put("tcbDate", "2025-01-01T00:00:00Z");
    level.put("tcbStatus", status);
    if (advisories.length > 0) {
      ArrayNode ids = level.putArray("advisoryIDs");
      List.of(advisories).forEach(ids::add);
    }
    return level;
  }

  private static void platform(ObjectNode level, List<Integer> sgx, int pceSvn, List<Integer> tdx) {
    ObjectNode tcb = level.putObject("tcb");
    ArrayNode sgxArray = tcb.putArray("sgxtcbcomponents");
    sgx.forEach(svn -> sgxArray.addObject().put("svn", svn));
    tcb.put("pcesvn", pceSvn);
    ArrayNode tdxArray = tcb.putArray("tdxtcbcomponents");
    tdx.forEach(svn -> tdxArray.addObject().put("svn", svn));
  }
}
