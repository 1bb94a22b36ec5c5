package org.cocoon.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.PlatformName;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TdxQuote;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.evidence.collateral.CollateralFile;
import org.cocoon.link.evidence.collateral.FolderSource;

/**
 * The collateral that a person gave for one check, whatever platform it is for.
 *
 * @param collateral what was given, if it can be read
 * @param fault why what was given cannot be read
 */
record GivenCollateral(Optional<Collateral> collateral, Optional<Verdict.Rejected> fault)
    implements CollateralSource {
  private static final Pattern ADVISORIES =
      Pattern.compile("\"advisoryIDs\"\\s*:\\s*\\[([^\\]]*)]");
  private static final Pattern TEXT = Pattern.compile("\"([^\"\\\\]*)\"");

  /**
   * Reads a file, or from a folder what is for the quote's platform.
   *
   * @throws IOException if there is nothing that can be read at all
   */
  static GivenCollateral read(Optional<Path> place, Optional<TdxQuote.Parsed> quote)
      throws IOException {
    if (place.isEmpty()) {
      return new GivenCollateral(Optional.empty(), Optional.empty());
    }
    Path path = place.get();
    if (!Files.isReadable(path)) {
      throw new IOException("cannot read " + path);
    }
    try {
      if (!Files.isDirectory(path)) {
        return new GivenCollateral(Optional.of(CollateralFile.load(path)), Optional.empty());
      }
      Optional<PlatformName> platform = quote.flatMap(PlatformName::of);
      return new GivenCollateral(
          platform.isPresent()
              ? Optional.of(new FolderSource(path).fetch(platform.get()))
              : Optional.empty(),
          Optional.empty());
    } catch (IOException e) {
      return new GivenCollateral(
          Optional.empty(),
          Optional.of(
              new Verdict.Rejected(
                  Verdict.Reason.MALFORMED_COLLATERAL, String.valueOf(e.getMessage()))));
    }
  }

  /** The verdict; a fault of the collateral stands where its check would have been. */
  Verdict judge(Policy policy, byte[] quote, byte[] reportData, Role role, Instant when) {
    Policy applied = fault.isPresent() ? policy.withCollateralRequired(true) : policy;
    Verdict verdict = new EvidenceVerifier(applied, this).verify(quote, reportData, role, when);
    return fault.isPresent()
            && verdict instanceof Verdict.Rejected(Verdict.Reason reason, String _)
            && reason == Verdict.Reason.COLLATERAL_MISSING
        ? fault.get()
        : verdict;
  }

  /** Every advisory that it names, so that none is refused where no policy was given. */
  Set<String> advisories() {
    Set<String> ids = new TreeSet<>();
    collateral.ifPresent(
        given -> {
          Matcher lists = ADVISORIES.matcher(given.tcbInfo() + given.qeIdentity());
          while (lists.find()) {
            TEXT.matcher(lists.group(1)).results().forEach(id -> ids.add(id.group(1)));
          }
        });
    return ids;
  }

  @Override
  public Optional<Collateral> collateral(String fmspc, CaType ca) {
    return collateral;
  }

  @Override
  public long version() {
    return 0;
  }
}
