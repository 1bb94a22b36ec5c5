package org.cocoon.bench.oracle;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.TcbStatus;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.Verdict.Reason;

/**
 * Counts how the two verifiers agree, and finds every difference that nobody has explained. Safe
 * for use by several threads.
 */
final class Comparison {
  /** Where we refuse and dcap-qvl 0.3.9 does not, why that is right. */
  private static final Map<Reason, String> STRICTER =
      Map.ofEntries(
          entry(Reason.MALFORMED_QUOTE, "lengths must add up, and the vendor is Intel"),
          entry(Reason.MALFORMED_CHAIN, "platform, CA and root, and no text around them"),
          entry(Reason.BROKEN_CHAIN, "names, key usage and basic constraints count"),
          entry(Reason.ATTESTATION_KEY_NOT_VOUCHED, "the enclave vouches for a hash and zeros"),
          entry(Reason.MALFORMED_COLLATERAL, "every part is read, and read strictly"),
          entry(Reason.COLLATERAL_CHAIN, "names, key usage and basic constraints count"),
          entry(Reason.COLLATERAL_ROOT, "whoever signed the lists is under the same root"),
          entry(Reason.CRL_ISSUER, "a list is of the authority whose certificates it names"),
          entry(Reason.CRL_SIGNATURE, "lists are signed"),
          entry(Reason.CRL_EXPIRED, "lists end"),
          entry(Reason.COLLATERAL_FROM_FUTURE, "lists begin"),
          entry(Reason.TCB_INFO_KIND, "only the published kind and version"),
          entry(Reason.TCB_INFO_PLATFORM, "the PCEID is the platform's"),
          entry(Reason.TCB_UNKNOWN_STATUS, "a status is one of Intel's words at every level"),
          entry(Reason.QE_IDENTITY_KIND, "only the published kind and version"),
          entry(Reason.QE_IDENTITY_MISMATCH, "bits that the mask leaves out are not expected"),
          entry(Reason.MODULE_IDENTITY_MISSING, "the TDX module's identity counts"),
          entry(Reason.MODULE_IDENTITY_MISMATCH, "the TDX module's identity counts"),
          entry(Reason.MODULE_LEVEL_NONE, "the TDX module's identity counts"),
          entry(Reason.TCB_REVOKED, "the TDX module's identity counts"),
          entry(Reason.RESERVED_BITS, "xfam and the module's attributes count"));

  private final Map<String, Integer> counts = new TreeMap<>();
  private final List<String> unexplained = new ArrayList<>();

  synchronized void add(Case asked, Oracle.Answer theirs, Verdict ours) {
    switch (ours) {
      case Verdict.Rejected rejected -> {
        if (theirs instanceof Oracle.Answer.Refused) {
          count("both refuse");
        } else {
          stricter(asked, rejected);
        }
      }
      case Verdict.Trusted trusted -> {
        switch (theirs) {
          case Oracle.Answer.Refused(String error) -> laxer(asked, error);
          case Oracle.Answer.Accepted(String status, _) -> bothAccept(asked, status, trusted);
        }
      }
    }
  }

  private void stricter(Case asked, Verdict.Rejected ours) {
    String explanation =
        ours.reason() == Reason.TCB_LEVEL_NONE && hasPresentVersions(asked)
            ? "what a TD 1.5 runs on at present counts, not only at its launch"
            : STRICTER.get(ours.reason());
    count("stricter: " + ours.reason() + (explanation == null ? "" : ", " + explanation));
    if (explanation == null) {
      unexplained(asked, "only we refuse: " + ours);
    }
  }

  private void laxer(Case asked, String error) {
    if (error.equals("No matching TCB level found") && hasVersionedModule(asked)) {
      count("laxer: TDX components 0 and 1 do not count for a module of version 1 or later");
    } else if (error.equals("QE report hash mismatch") && authBytes(asked) != 32) {
      count("laxer: authentication data of another length than 32 bytes is hashed as it is");
    } else {
      count("laxer: " + error);
      unexplained(asked, "only the oracle refuses: " + error);
    }
  }

  private void bothAccept(Case asked, String theirs, Verdict.Trusted ours) {
    if (!(ours.tcb() instanceof PlatformTcb.Checked checked)) {
      unexplained(asked, "we did not look at the collateral");
      return;
    }
    String status = checked.status().word();
    if (status.equals(theirs)) {
      count("both accept");
      return;
    }
    count("both accept, they as " + theirs + " and we as " + status);
    int worse = severity(checked.status()) - severity(TcbStatus.ofWord(theirs).orElseThrow());
    if (worse < 0 && !hasVersionedModule(asked)) {
      unexplained(asked, "we say " + status + " where the oracle says " + theirs);
    }
  }

  /** How bad dcap-qvl finds a status; a domain that should be launched again is one of the old. */
  private static int severity(TcbStatus status) {
    return switch (status) {
      case UP_TO_DATE -> 0;
      case SW_HARDENING_NEEDED -> 1;
      case CONFIGURATION_NEEDED -> 2;
      case CONFIGURATION_AND_SW_HARDENING_NEEDED -> 3;
      case OUT_OF_DATE, TD_RELAUNCH_ADVISED -> 4;
      case OUT_OF_DATE_CONFIGURATION_NEEDED, TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED -> 5;
      case REVOKED -> 6;
    };
  }

  private static boolean hasVersionedModule(Case asked) {
    return TdxQuote.parse(asked.quote()) instanceof TdxQuote.Parsed parsed
        && !parsed.measurements().teeTcbSvn().startsWith("00", 2);
  }

  /** Whether a TD 1.5 runs on other versions now than at its launch; a TD 1.0 says zeros. */
  private static boolean hasPresentVersions(Case asked) {
    return TdxQuote.parse(asked.quote()) instanceof TdxQuote.Parsed parsed
        && !parsed.measurements().teeTcbSvn2().matches("0*")
        && !parsed.measurements().teeTcbSvn2().equals(parsed.measurements().teeTcbSvn());
  }

  private static int authBytes(Case asked) {
    return TdxQuote.parse(asked.quote()) instanceof TdxQuote.Parsed parsed
        ? parsed.authData().length
        : -1;
  }

  private void count(String what) {
    counts.merge(what, 1, Integer::sum);
  }

  private void unexplained(Case asked, String difference) {
    unexplained.add(asked.name() + ", at " + asked.now() + ": " + difference);
  }

  synchronized Map<String, Integer> counts() {
    return new TreeMap<>(counts);
  }

  synchronized List<String> unexplained() {
    return List.copyOf(unexplained);
  }
}
