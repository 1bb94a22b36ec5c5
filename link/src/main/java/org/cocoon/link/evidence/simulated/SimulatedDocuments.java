package org.cocoon.link.evidence.simulated;

import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.json.Json;

/** The texts of TCB info and enclave identity for simulated platforms, as Intel writes them. */
final class SimulatedDocuments {
  private static final List<Integer> TDX_SVNS =
      List.of(5, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  private static final List<Integer> LOWEST_SVNS = Collections.nCopies(16, 0);
  private static final String MODULE_SIGNER =
      "\"mrsigner\":\""
          + "00".repeat(48)
          + "\",\"attributes\":\""
          + "00".repeat(8)
          + "\",\"attributesMask\":\""
          + "FF".repeat(8)
          + "\"";

  private TcbStatus platformStatus = TcbStatus.UP_TO_DATE;
  private String[] platformAdvisories = {};
  private int evaluationNumber = 18;

  void platformStatus(TcbStatus status, String... advisories) {
    platformStatus = status;
    platformAdvisories = advisories;
  }

  void evaluationNumber(int number) {
    evaluationNumber = number;
  }

  String tcbInfo(Instant from, Instant until) {
    String levels =
        platformLevel(
                TestCertificates.PLATFORM.componentSvns(),
                TestCertificates.PLATFORM.pceSvn(),
                TDX_SVNS,
                platformStatus,
                platformAdvisories)
            + ","
            + platformLevel(LOWEST_SVNS, 5, LOWEST_SVNS, TcbStatus.OUT_OF_DATE, "SIM-SA-00001");
    String modules =
        "{\"id\":\"TDX_01\",%s,\"tcbLevels\":[%s,%s]}"
            .formatted(
                MODULE_SIGNER,
                level("{\"isvsvn\":7}", TcbStatus.UP_TO_DATE),
                level("{\"isvsvn\":2}", TcbStatus.OUT_OF_DATE, "SIM-SA-00002"));
    return ("{\"id\":\"TDX\",\"version\":3,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
            + "\"fmspc\":\"%s\",\"pceId\":\"%s\",\"tcbType\":0,\"tcbEvaluationDataNumber\":%d,"
            + "\"tdxModule\":{%s},\"tdxModuleIdentities\":[%s],\"tcbLevels\":[%s]}")
        .formatted(
            from,
            until,
            TestCertificates.PLATFORM.fmspc(),
            TestCertificates.PLATFORM.pceId(),
            evaluationNumber,
            MODULE_SIGNER,
            modules,
            levels);
  }

  String qeIdentity(Instant from, Instant until) {
    String levels =
        level("{\"isvsvn\":" + SimulatedEnclave.ISV_SVN + "}", TcbStatus.UP_TO_DATE)
            + ","
            + level("{\"isvsvn\":2}", TcbStatus.OUT_OF_DATE, "SIM-SA-00003");
    return ("{\"id\":\"TD_QE\",\"version\":2,\"issueDate\":\"%s\",\"nextUpdate\":\"%s\","
            + "\"tcbEvaluationDataNumber\":%d,\"miscselect\":\"00000000\","
            + "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"%s\","
            + "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":\"%s\","
            + "\"isvprodid\":%d,\"tcbLevels\":[%s]}")
        .formatted(
            from,
            until,
            evaluationNumber,
            SimulatedEnclave.ATTRIBUTES,
            SimulatedEnclave.MR_SIGNER,
            SimulatedEnclave.ISV_PROD_ID,
            levels);
  }

  private static String platformLevel(
      List<Integer> sgx, int pce, List<Integer> tdx, TcbStatus status, String... advisories) {
    String tcb =
        "{\"sgxtcbcomponents\":[%s],\"pcesvn\":%d,\"tdxtcbcomponents\":[%s]}"
            .formatted(components(sgx), pce, components(tdx));
    return level(tcb, status, advisories);
  }

  private static String level(String tcb, TcbStatus status, String... advisories) {
    String ids = Arrays.stream(advisories).map(Json::quote).collect(Collectors.joining(","));
    return "{\"tcb\":%s,\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"%s\"%s}"
        .formatted(tcb, status.word(), ids.isEmpty() ? "" : ",\"advisoryIDs\":[" + ids + "]");
  }

  private static String components(List<Integer> svns) {
    return svns.stream().map(svn -> "{\"svn\":" + svn + "}").collect(Collectors.joining(","));
  }
}
