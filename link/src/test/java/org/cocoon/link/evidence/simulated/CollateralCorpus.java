package org.cocoon.link.evidence.simulated;

import static org.cocoon.link.evidence.simulated.BadEvidence.outcomeOf;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TcbStatus;

/** Good quotes beside collateral that is signed, but must not let them in. */
public final class CollateralCorpus {
  private static final byte[] REPORT_DATA = new byte[64];
  private static final String FIRST = NOW.minus(Duration.ofDays(1)).toString();
  private static final String LAST = NOW.plus(Duration.ofDays(29)).toString();
  private static final String PAST = NOW.minusSeconds(1).toString();
  private static final String FUTURE = NOW.plusSeconds(1).toString();

  private final TestNetwork network;
  private final Policy policy;
  private final byte[] quote;
  private final List<BadEvidence> cases = new ArrayList<>();

  private CollateralCorpus(Path dir) throws IOException {
    network = new TestNetwork(dir);
    policy = network.policy().withCollateralRequired(true);
    quote = network.platform().quote(TestNetwork.measurements(REPORT_DATA));
  }

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir, Path otherDir) throws IOException {
    CollateralCorpus corpus = new CollateralCorpus(dir);
    corpus.add(
        "control: nothing is wrong", BadEvidence.ACCEPTED, corpus.network.collateral().make());
    corpus.addTcbInfo();
    corpus.addQeIdentity();
    corpus.addSigned(otherDir);
    corpus.addStatuses();
    return corpus.cases;
  }

  private void addTcbInfo() {
    info("wrong FMSPC", "TCB_INFO_PLATFORM", "c0c000000000", "c0c000000001");
    info("wrong PCEID", "TCB_INFO_PLATFORM", "\"pceId\":\"0000\"", "\"pceId\":\"0001\"");
    info("SGX info for TDX", "TCB_INFO_KIND", "\"id\":\"TDX\",", "\"id\":\"SGX\",");
    info("version 2", "TCB_INFO_KIND", "\"version\":3", "\"version\":2");
    info("duplicate key", "MALFORMED_COLLATERAL", "\"fmspc\":", "\"fmspc\":\"x\",\"fmspc\":");
    info("15 components", "MALFORMED_COLLATERAL", "[{\"svn\":7},", "[");
    info("17 components", "MALFORMED_COLLATERAL", "[{\"svn\":7},", "[{\"svn\":7},{\"svn\":7},");
    info("component of 70000", "MALFORMED_COLLATERAL", "{\"svn\":7},", "{\"svn\":70000},");
    info("component of 7.0", "MALFORMED_COLLATERAL", "{\"svn\":7},", "{\"svn\":7.0},");
    add(
        "unsorted levels",
        "MALFORMED_COLLATERAL: the TCB info: key 'tcbLevels[1]' is a level behind a lower one",
        network.collateral().editTcbInfo(CollateralCorpus::swapLevels).make());
    info("unsorted module levels", "MALFORMED_COLLATERAL", "\"isvsvn\":2}", "\"isvsvn\":8}");
    info("unknown status", "TCB_UNKNOWN_STATUS", "\"UpToDate\"", "\"Wonderful\"");
    info("module identity missing", "MODULE_IDENTITY_MISSING", "TDX_01", "TDX_02");
    info(
        "another module's attributes",
        "MODULE_IDENTITY_MISMATCH",
        "0000000000000000\",\"attributesMask",
        "0100000000000000\",\"attributesMask");
    info("info expired", "COLLATERAL_EXPIRED: the TCB info", LAST, PAST);
    info("info of the future", "COLLATERAL_FROM_FUTURE: the TCB info", FIRST, FUTURE);
    info("time with an offset", "MALFORMED_COLLATERAL", LAST, LAST.replace("Z", "+00:00"));
    info("no JSON", "MALFORMED_COLLATERAL", "{\"id\"", "\"id\"");
    add(
        "platform below every level",
        "TCB_LEVEL_NONE",
        network
            .collateral()
            .editTcbInfo(
                text ->
                    text.replace("\"pcesvn\":13", "\"pcesvn\":15")
                        .replace("\"pcesvn\":5", "\"pcesvn\":14"))
            .make());
  }

  private void addQeIdentity() {
    identity("QE for TD_QE", "QE_IDENTITY_KIND", "TD_QE", "QE");
    identity("version 3", "QE_IDENTITY_KIND", "\"version\":2", "\"version\":3");
    identity("another MRSIGNER", "QE_IDENTITY_MISMATCH", "c0c0c0c0", "c0c0c0c1");
    identity("another ISVPRODID", "QE_IDENTITY_MISMATCH", "\"isvprodid\":2", "\"isvprodid\":1");
    identity(
        "other attributes", "QE_IDENTITY_MISMATCH", "\"attributes\":\"11", "\"attributes\":\"01");
    identity(
        "another MISCSELECT", "QE_IDENTITY_MISMATCH", "\"miscselect\":\"00", "\"miscselect\":\"01");
    identity("identity expired", "COLLATERAL_EXPIRED: the quoting enclave's", LAST, PAST);
    identity(
        "identity of the future", "COLLATERAL_FROM_FUTURE: the quoting enclave's", FIRST, FUTURE);
    add(
        "ISVSVN too low",
        "QE_LEVEL_NONE",
        network
            .collateral()
            .editQeIdentity(
                text ->
                    text.replace("\"isvsvn\":4}", "\"isvsvn\":6}")
                        .replace("\"isvsvn\":2}", "\"isvsvn\":5}"))
            .make());
  }

  private void addSigned(Path otherDir) throws IOException {
    Collateral good = network.collateral().make();
    String again = good.tcbInfo().replaceFirst(":", ": ");
    add("TCB info re-serialised", "TCB_INFO_SIGNATURE", with(good, again, good.qeIdentity()));
    String newer = good.qeIdentity().replace("18", "19");
    add("identity changed", "QE_IDENTITY_SIGNATURE", with(good, good.tcbInfo(), newer));
    add("documents swapped", "TCB_INFO_SIGNATURE", with(good, good.qeIdentity(), good.tcbInfo()));
    add(
        "collateral of another root",
        "COLLATERAL_ROOT",
        new TestNetwork(otherDir).collateral().make());
    cases.add(
        new BadEvidence(
            "no collateral",
            "COLLATERAL_MISSING",
            () ->
                outcomeOf(
                    new EvidenceVerifier(policy).verify(quote, REPORT_DATA, Role.WORKER, NOW))));
  }

  private void addStatuses() {
    add("out of date", "TCB_STATUS_NOT_ALLOWED", status(TcbStatus.OUT_OF_DATE));
    add("hardening needed", "TCB_STATUS_NOT_ALLOWED", status(TcbStatus.SW_HARDENING_NEEDED));
    add("revoked level", "TCB_REVOKED", status(TcbStatus.REVOKED));
    add("unknown advisory", "ADVISORY_NOT_ALLOWED", status(TcbStatus.UP_TO_DATE, "SIM-SA-9"));
    Policy newer = policy.withTcb(new Policy.Tcb(Set.of(TcbStatus.UP_TO_DATE), 19, Set.of()));
    cases.add(
        new BadEvidence(
            "lower evaluation number",
            "EVALUATION_NUMBER_TOO_LOW",
            () -> verify(newer, network.collateral().make())));
  }

  /** The levels are the last two objects of the text. */
  private static String swapLevels(String text) {
    String begin = "{\"tcb\":{\"sgx";
    int first = text.indexOf(begin);
    int second = text.lastIndexOf(begin);
    int end = text.length() - "]}".length();
    return text.substring(0, first)
        + text.substring(second, end)
        + ","
        + text.substring(first, second - 1)
        + text.substring(end);
  }

  private Collateral status(TcbStatus status, String... advisories) {
    return network.collateral().platformStatus(status, advisories).make();
  }

  private void info(String name, String expected, String part, String instead) {
    add(name, expected, network.collateral().editTcbInfo(edit(part, instead)).make());
  }

  private void identity(String name, String expected, String part, String instead) {
    add(name, expected, network.collateral().editQeIdentity(edit(part, instead)).make());
  }

  private static UnaryOperator<String> edit(String part, String instead) {
    return text -> {
      if (!text.contains(part)) {
        throw new IllegalStateException("there is no " + part + " to change");
      }
      return text.replace(part, instead);
    };
  }

  private void add(String name, String expected, Collateral collateral) {
    cases.add(new BadEvidence(name, expected, () -> verify(policy, collateral)));
  }

  private String verify(Policy by, Collateral collateral) {
    return outcomeOf(
        new EvidenceVerifier(by, new FixedCollateral(collateral))
            .verify(quote, REPORT_DATA, Role.WORKER, NOW));
  }

  private static Collateral with(Collateral of, String tcbInfo, String qeIdentity) {
    return new Collateral(
        of.pckCrlIssuerChain(),
        of.rootCaCrl(),
        of.pckCrl(),
        of.tcbInfoIssuerChain(),
        tcbInfo,
        of.tcbInfoSignature(),
        of.qeIdentityIssuerChain(),
        qeIdentity,
        of.qeIdentitySignature());
  }
}
