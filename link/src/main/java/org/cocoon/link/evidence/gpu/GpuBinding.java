package org.cocoon.link.evidence.gpu;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.CHIP_NOT_ALLOWED;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.DOUBLED_DEVICE;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.DRIVER_NOT_ALLOWED;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.FIRMWARE_DIFFERS;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.MALFORMED_BUNDLE;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.MALFORMED_REPORT;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.NONCE;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.REPORT_SIGNATURE;
import static org.cocoon.link.evidence.gpu.GpuVerdict.Reason.VBIOS_NOT_ALLOWED;

import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.DerException;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;

/**
 * Decides whether GPUs are genuine, allowed, and those of the node that holds a TLS key.
 *
 * <p>A GPU signs a nonce that is a hash of the node's key, so its report is of no use to any other
 * node. The node's own evidence names the bundle's digest, so that nobody can put another bundle in
 * its place. That the GPU hangs on the very machine that runs the node is shown by the driver in
 * the measured image, which talks to the GPU and to nothing else.
 *
 * <p>Immutable and safe for use by many threads. Each GPU takes five ECDSA P-384 verifications,
 * each measured at 2.3 milliseconds of CPU, so keep it off event loops.
 */
public final class GpuBinding {
  private static final byte[] NONCE_LABEL = "cocoon gpu nonce v1\0".getBytes(US_ASCII);

  private final GpuPolicy policy;

  /** Checks against a policy. */
  public GpuBinding(GpuPolicy policy) {
    this.policy = policy;
  }

  /** The nonce with which a node asks its GPUs: a hash of its TLS public key (DER), 32 bytes. */
  public static byte[] nonce(byte[] publicKeyDer) {
    return Digests.sha256(NONCE_LABEL, publicKeyDer);
  }

  /**
   * Checks the evidence of all GPUs of a node.
   *
   * @param bundleDer see {@link GpuBundle}
   * @param publicKeyDer the node's TLS public key (SubjectPublicKeyInfo)
   * @param now the time of the check
   * @return never throws for any content of the bundle
   */
  public GpuVerdict verify(byte[] bundleDer, byte[] publicKeyDer, Instant now) {
    try {
      return verify(GpuBundle.parse(bundleDer), nonce(publicKeyDer), now);
    } catch (DerException e) {
      return new GpuVerdict.Rejected(MALFORMED_BUNDLE, String.valueOf(e.getMessage()));
    }
  }

  /** Checks all GPUs, which must have been asked with this nonce. */
  GpuVerdict verify(GpuBundle bundle, byte[] nonce, Instant now) {
    List<GpuVerdict.Gpu> gpus = new ArrayList<>();
    Set<String> devices = new HashSet<>();
    boolean simulated = false;
    Instant notAfter = Instant.MAX;
    for (GpuBundle.Evidence evidence : bundle.gpus()) {
      try {
        GpuReport.Parsed report = parse(evidence.report());
        GpuChain chain = GpuChain.verify(evidence.chain(), policy, now);
        requireGenuine(report, chain, nonce);
        if (!devices.add(chain.device())) {
          throw new GpuRefusedException(DOUBLED_DEVICE, "device " + chain.device());
        }
        requireAllowed(report, chain);
        gpus.add(new GpuVerdict.Gpu(chain.device(), chain.chip(), report));
        simulated |= chain.simulated();
        notAfter = chain.notAfter().isBefore(notAfter) ? chain.notAfter() : notAfter;
      } catch (GpuRefusedException e) {
        GpuVerdict.Rejected rejected = e.verdict();
        return new GpuVerdict.Rejected(
            rejected.reason(), "GPU " + gpus.size() + ": " + rejected.detail());
      }
    }
    return new GpuVerdict.Trusted(gpus, simulated, false, notAfter);
  }

  private static GpuReport.Parsed parse(byte[] report) throws GpuRefusedException {
    return switch (GpuReport.parse(report)) {
      case GpuReport.Malformed malformed ->
          throw new GpuRefusedException(MALFORMED_REPORT, malformed.reason());
      case GpuReport.Parsed parsed -> parsed;
    };
  }

  private static void requireGenuine(GpuReport.Parsed report, GpuChain chain, byte[] nonce)
      throws GpuRefusedException {
    if (!P384.verifies(chain.key(), report.signature(), report.signedBytes())) {
      throw new GpuRefusedException(REPORT_SIGNATURE, "the device's key did not sign the report");
    }
    if (!MessageDigest.isEqual(HexFormat.of().parseHex(report.nonce()), nonce)) {
      throw new GpuRefusedException(NONCE, "the report was made for another node's key");
    }
    // Older reports do not name their firmware.
    if (report.firmwareId().isPresent() && !report.firmwareId().equals(chain.firmwareId())) {
      throw new GpuRefusedException(
          FIRMWARE_DIFFERS, "report and certificate name different firmware");
    }
  }

  private void requireAllowed(GpuReport.Parsed report, GpuChain chain) throws GpuRefusedException {
    if (!policy.chips().contains(chain.chip())) {
      throw new GpuRefusedException(CHIP_NOT_ALLOWED, "chip " + chain.chip());
    }
    if (!policy.driverVersions().contains(report.driverVersion())) {
      throw new GpuRefusedException(DRIVER_NOT_ALLOWED, "driver " + report.driverVersion());
    }
    if (!policy.vbiosVersions().contains(report.vbiosVersion())) {
      throw new GpuRefusedException(VBIOS_NOT_ALLOWED, "VBIOS " + report.vbiosVersion());
    }
  }
}
