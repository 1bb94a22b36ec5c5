package org.cocoon.link.evidence;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * Finds what Intel's collateral says of one platform, the way Intel's quote verification library
 * finds it.
 *
 * <ol>
 *   <li>The quoting enclave is the one of the identity; its first level reached gives a status.
 *   <li>The TDX module's signer and attributes are those of the TCB info. {@code teeTcbSvn[1]} is
 *       the module's version: 0 means the info's only module, another the identity named {@code
 *       TDX_} and two upper-case hexadecimal digits, whose first level reached by {@code
 *       teeTcbSvn[0]} gives a status too.
 *   <li>The first level of the TCB info counts whose 16 processor components, PCE version and TDX
 *       components are all reached. For a module since version 1 the first two TDX components are
 *       left out, since its own levels replaced them.
 *   <li>The statuses are merged ({@link TcbStatus}), the advisories joined.
 *   <li>A TD 1.5 body is looked at twice, with the module's versions at launch and at present, and
 *       the two findings become one: {@link TcbStatus#atPresent}.
 * </ol>
 */
final class TcbEvaluation {
  private static final int MODULE_SVN = 0;
  private static final int MODULE_VERSION = 1;
  private static final int AFTER_MODULE = 2;

  private final TcbInfo info;
  private final QeIdentity identity;
  private final PckExtension platform;

  TcbEvaluation(TcbInfo info, QeIdentity identity, PckExtension platform) {
    this.info = info;
    this.identity = identity;
    this.platform = platform;
  }

  /** The platform's finding; the status may be one that no policy allows. */
  PlatformTcb.Checked evaluate(TdxQuote.Parsed quote) throws EvidenceRefusedException {
    requireSamePlatform();
    Measurements measurements = quote.measurements();
    TcbLevel enclave = identity.levelOf(QeReport.of(quote.qeReport()));
    List<Integer> atLaunch = versions(measurements.teeTcbSvn());
    requireModule(atLaunch, measurements);
    TcbLevel finding = finding(atLaunch, enclave);
    TcbStatus status = finding.status();
    if (quote.isTd15()) {
      TcbLevel present = finding(versions(measurements.teeTcbSvn2()), enclave);
      status = status.atPresent(present.status());
    }
    return new PlatformTcb.Checked(
        status,
        finding.advisories(),
        info.evaluationNumber(),
        identity.evaluationNumber(),
        finding.date());
  }

  private void requireSamePlatform() throws EvidenceRefusedException {
    if (!info.fmspc().equals(platform.fmspc()) || !info.pceId().equals(platform.pceId())) {
      throw new EvidenceRefusedException(
          Verdict.Reason.TCB_INFO_PLATFORM,
          "the TCB info is of FMSPC %s and PCE %s, the platform of %s and %s"
              .formatted(info.fmspc(), info.pceId(), platform.fmspc(), platform.pceId()));
    }
  }

  private void requireModule(List<Integer> svns, Measurements measurements)
      throws EvidenceRefusedException {
    Optional<TcbInfo.VersionedModule> module = moduleOf(svns);
    TdxModuleIdentity expected =
        module.map(TcbInfo.VersionedModule::identity).orElse(info.module());
    if (!expected.matches(measurements)) {
      throw new EvidenceRefusedException(
          Verdict.Reason.MODULE_IDENTITY_MISMATCH,
          "mrSignerSeam is %s and seamAttributes 0x%x, which is not the TCB info's TDX module"
              .formatted(measurements.mrSignerSeam(), measurements.seamAttributes()));
    }
  }

  private TcbLevel finding(List<Integer> svns, TcbLevel enclave) throws EvidenceRefusedException {
    Optional<TcbInfo.VersionedModule> module = moduleOf(svns);
    TcbLevel finding = platformLevel(svns).mergedWith(enclave);
    return module.isPresent() ? finding.mergedWith(moduleLevel(module.get(), svns)) : finding;
  }

  private Optional<TcbInfo.VersionedModule> moduleOf(List<Integer> svns)
      throws EvidenceRefusedException {
    int version = svns.get(MODULE_VERSION);
    if (version == 0) {
      return Optional.empty();
    }
    String id = "TDX_%02X".formatted(version);
    TcbInfo.VersionedModule module = info.modules().get(id);
    if (module == null) {
      throw new EvidenceRefusedException(
          Verdict.Reason.MODULE_IDENTITY_MISSING, "the TCB info has no TDX module " + id);
    }
    return Optional.of(module);
  }

  private TcbLevel platformLevel(List<Integer> svns) throws EvidenceRefusedException {
    List<Integer> reached = new ArrayList<>(platform.componentSvns());
    reached.add(platform.pceSvn());
    reached.addAll(svns);
    int tdxFrom = TcbInfo.TDX_FROM + (svns.get(MODULE_VERSION) > 0 ? AFTER_MODULE : 0);
    for (TcbLevel level : info.levels()) {
      if (level.isReachedBy(reached, 0, TcbInfo.TDX_FROM)
          && level.isReachedBy(reached, tdxFrom, reached.size())) {
        return level;
      }
    }
    throw new EvidenceRefusedException(
        Verdict.Reason.TCB_LEVEL_NONE,
        "no TCB level matches processor %s, PCE %d, TDX %s"
            .formatted(platform.componentSvns(), platform.pceSvn(), svns));
  }

  private static TcbLevel moduleLevel(TcbInfo.VersionedModule module, List<Integer> svns)
      throws EvidenceRefusedException {
    List<Integer> svn = List.of(svns.get(MODULE_SVN));
    for (TcbLevel level : module.levels()) {
      if (level.isReachedBy(svn)) {
        return level;
      }
    }
    throw new EvidenceRefusedException(
        Verdict.Reason.MODULE_LEVEL_NONE,
        "the TDX module's version " + svn + " is below every level");
  }

  private static List<Integer> versions(String hex) {
    List<Integer> versions = new ArrayList<>(TcbInfo.COMPONENTS);
    for (byte version : HexFormat.of().parseHex(hex)) {
      versions.add(Byte.toUnsignedInt(version));
    }
    return versions;
  }
}
