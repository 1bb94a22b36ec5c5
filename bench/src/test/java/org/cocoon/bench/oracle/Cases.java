package org.cocoon.bench.oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.cocoon.bench.network.Repository;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.json.JsonException;

/** The cases that both verifiers are asked about, the same ones for the same seed. */
final class Cases {
  private final Random random;
  private final List<Case> real;
  private final List<Case> forged = new ArrayList<>();

  Cases(long seed) throws IOException, JsonException {
    random = new Random(seed);
    real = real();
    for (Forgery.Form form : Forgery.Form.values()) {
      forged.add(new Forgery(form).sign("forged " + form));
    }
  }

  /** Unchanged ones. */
  List<Case> bases() {
    List<Case> all = new ArrayList<>(real);
    all.addAll(forged);
    return all;
  }

  /** Whether evidence of real hardware is among them. */
  boolean haveReal() {
    return !real.isEmpty();
  }

  /** Changed ones; where there is no real evidence, all are of forgeries. */
  synchronized List<Case> make(int count) {
    List<Case> cases = new ArrayList<>(count);
    while (cases.size() < count) {
      List<Case> bases = real.isEmpty() || random.nextInt(3) == 0 ? forged : real;
      Case base = any(bases);
      cases.add(
          switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> QuoteBytes.changed(base, any(bases), random);
            case 4, 5 -> CollateralTexts.changed(base, any(bases()), random);
            case 6 -> base.at(base.now().plus(Duration.ofHours(random.nextInt(2_400) - 1_200)));
            default -> edited();
          });
    }
    return cases;
  }

  private Case edited() {
    Forgery.Form[] forms = Forgery.Form.values();
    Forgery.Form form = forms[random.nextInt(forms.length)];
    Forgery forgery = new Forgery(form);
    String edits = ForgedEdits.apply(forgery, random);
    return forgery.sign("forged " + form + ": " + edits);
  }

  private Case any(List<Case> cases) {
    return cases.get(random.nextInt(cases.size()));
  }

  private static List<Case> real() throws IOException, JsonException {
    Optional<Path> found = folder();
    if (found.isEmpty()) {
      return List.of();
    }
    Path folder = found.get();
    byte[] root = Files.readAllBytes(folder.resolve("dcap-qvl/TrustedRootCA.der"));
    return List.of(
        real(
            folder,
            root,
            "cocoon/quote.dat",
            "assembled_collateral_90c06f000000_2026-01.json",
            "2026-01-20T00:00:00Z"),
        real(
            folder,
            root,
            "dcap-qvl/tdx_quote",
            "dcap-qvl/tdx_quote_collateral.json",
            "2025-07-01T00:00:00Z"));
  }

  private static Case real(Path folder, byte[] root, String quote, String collateral, String now)
      throws IOException, JsonException {
    return new Case(
        quote,
        Files.readAllBytes(folder.resolve(quote)),
        Collateral.parse(Files.readAllBytes(folder.resolve(collateral))),
        Instant.parse(now),
        root);
  }

  private static Optional<Path> folder() {
    String named = System.getProperty("cocoon.evidence");
    if (named != null) {
      return Optional.of(Path.of(named));
    }
    for (Path at = Repository.root(); at != null; at = at.getParent()) {
      Path candidate = at.resolve("shared/evidence");
      if (Files.isDirectory(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }
}
