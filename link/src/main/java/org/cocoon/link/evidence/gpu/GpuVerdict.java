package org.cocoon.link.evidence.gpu;

import java.time.Instant;
import java.util.List;

/**
 * What came of checking a node's GPU evidence: believed and allowed, or refused with the reason.
 */
public sealed interface GpuVerdict {

  /**
   * Every GPU is genuine and the policy allows it.
   *
   * @param gpus at least one
   * @param simulated whether some GPU's chain ends in a test root, which protects nothing
   * @param measurementsCompared whether the measurements were compared with NVIDIA's golden values;
   *     false, since those come from a service of NVIDIA's only: the device is genuine and has
   *     allowed versions, but that nothing else runs on it is not shown
   * @param notAfter when the verdict ends: the first end among the certificates
   */
  record Trusted(List<Gpu> gpus, boolean simulated, boolean measurementsCompared, Instant notAfter)
      implements GpuVerdict {
    /** Copies the list. */
    public Trusted {
      gpus = List.copyOf(gpus);
    }
  }

  /**
   * The evidence is refused.
   *
   * @param reason the first check that failed
   * @param detail which GPU, what was found and what would be right; without secrets
   */
  record Rejected(Reason reason, String detail) implements GpuVerdict {}

  /**
   * One GPU.
   *
   * @param device the device's own number in NVIDIA's certificates
   * @param chip for example "GH100"
   * @param report what it said
   */
  record Gpu(String device, String chip, GpuReport.Parsed report) {}

  /** Why GPU evidence is refused, in the order of the checks. */
  enum Reason {
    /** The bytes are not a bundle of reports and chains. */
    MALFORMED_BUNDLE,
    /** A report is not one. */
    MALFORMED_REPORT,
    /** A certificate cannot be read, or the chain is too short or too long. */
    MALFORMED_CHAIN,
    /** A simulated GPU signed, and the policy allows none, or not that one. */
    SIMULATED_NOT_ALLOWED,
    /** The chain ends in a root that is not NVIDIA's root of devices. */
    UNTRUSTED_ROOT,
    /** A certificate of the chain is not yet, or no longer, valid. */
    CHAIN_NOT_VALID_NOW,
    /** A certificate of the chain was not issued by the next one, or may not issue. */
    BROKEN_CHAIN,
    /** The device's key did not sign the report. */
    REPORT_SIGNATURE,
    /** The report was made for another node's key. */
    NONCE,
    /** The report names other firmware than the certificate of the key that signed it. */
    FIRMWARE_DIFFERS,
    /** Two reports are of one device. */
    DOUBLED_DEVICE,
    /** The chip is not in the policy's list; an empty list allows nothing. */
    CHIP_NOT_ALLOWED,
    /** The driver's version is not in the policy's list; an empty list allows nothing. */
    DRIVER_NOT_ALLOWED,
    /** The VBIOS version is not in the policy's list; an empty list allows nothing. */
    VBIOS_NOT_ALLOWED
  }
}
