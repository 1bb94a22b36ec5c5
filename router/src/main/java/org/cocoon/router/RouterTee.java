package org.cocoon.router;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.TsmReports;
import org.cocoon.link.evidence.simulated.ImageMeasurement;
import org.cocoon.link.evidence.simulated.SimulatedRoot;
import org.cocoon.link.evidence.simulated.SimulatedTee;
import org.cocoon.link.sealing.HardwareSealing;
import org.cocoon.link.sealing.SealingKeys;
import org.cocoon.link.sealing.SealingUnavailableException;
import org.cocoon.link.sealing.SecretSealingKeys;
import org.cocoon.router.ledger.PostgresLedger.KeySource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The TEE that the router runs in, real or simulated: its reports and its sealing keys. */
final class RouterTee implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RouterTee.class);

  private final TsmReports reports;
  private final Sealing sealing;
  private final @Nullable SimulatedTee simulated;

  /** Gives the sealing keys. */
  @FunctionalInterface
  private interface Sealing {
    SealingKeys keys() throws IOException;
  }

  private RouterTee(TsmReports reports, Sealing sealing, @Nullable SimulatedTee simulated) {
    this.reports = reports;
    this.sealing = sealing;
    this.simulated = simulated;
  }

  /**
   * Finds the TEE, or starts a simulated one; blocks.
   *
   * @throws IOException if the simulated one cannot be started
   */
  static RouterTee open(RouterOptions options) throws IOException {
    Path folder = options.simulatedTee();
    if (folder == null) {
      TsmReports reports = new TsmReports(options.tee());
      return new RouterTee(
          reports, () -> HardwareSealing.keysOf(reports.provider(), Role.ROUTER), null);
    }
    ImageMeasurement image = ImageMeasurement.ofRunningProgram();
    SimulatedTee tee = SimulatedTee.start(folder, Role.ROUTER, image, options.simulatedProvider());
    log.warn("event=simulated what=tee meaning=\"evidence is signed by a test root\"");
    return new RouterTee(
        new TsmReports(tee.reportsFolder()),
        () ->
            SecretSealingKeys.simulated(
                SimulatedRoot.in(folder, InstantSource.system()), image, Role.ROUTER),
        tee);
  }

  /** Where quotes come from. */
  TsmReports reports() {
    return reports;
  }

  /**
   * How the receipt key is kept here; blocks for as long as the TEE takes.
   *
   * @throws IOException a sentence, if the TEE gives no sealing keys, and the options do not allow
   *     for keys in clear where it has none
   */
  KeySource receiptKey(RouterOptions options) throws IOException {
    ReceiptKeyFile file = new ReceiptKeyFile(options.data(), new SecureRandom());
    try {
      SealingKeys keys = sealing.keys();
      return counter -> file.sealed(keys, counter, options.newReceiptKey());
    } catch (SealingUnavailableException e) {
      String why = String.valueOf(e.getMessage());
      if (!options.unsealedKeys()) {
        throw new IOException(
            "the receipt key cannot be sealed: "
                + why
                + ". To keep it in a plain file all the same, start with --unsealed-keys",
            e);
      }
      return _ -> file.unsealed(why);
    }
  }

  /** Ends a simulated TEE. */
  @Override
  public void close() throws IOException {
    if (simulated != null) {
      simulated.close();
    }
  }
}
