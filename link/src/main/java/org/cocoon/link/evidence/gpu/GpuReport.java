package org.cocoon.link.evidence.gpu;

import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A GPU's attestation report, or why some bytes are none: an SPDM GET_MEASUREMENTS request and the
 * device's signed answer, one after the other.
 *
 * <p>Parsing checks the form only. DMTF DSP0274 (SPDM) 1.1, 10.11; the opaque data as in NVIDIA's
 * attestation SDK.
 */
public sealed interface GpuReport {

  /** Longest report that is looked at, in bytes; real ones have about 4,300. */
  int MAX_BYTES = 32 * 1024;

  /** Length of the nonce in bytes. */
  int NONCE_BYTES = 32;

  /**
   * Well-formed.
   *
   * <p>Hashes are lower-case hexadecimal. The arrays are this value's own and must not be changed.
   *
   * @param nonce what the report was asked for with, 32 bytes
   * @param measurements SHA-384 of each part of the device, by index from 1
   * @param driverVersion for example "535.86.09"
   * @param vbiosVersion for example "96.00.5E.00.01"
   * @param firmwareId hash of the firmware that holds the signing key, 48 bytes, in newer reports
   * @param opaque all opaque fields by number, those above included
   * @param signedBytes request and answer up to the signature
   * @param signature ECDSA P-384 r and s, big-endian, 96 bytes
   */
  record Parsed(
      String nonce,
      SortedMap<Integer, String> measurements,
      String driverVersion,
      String vbiosVersion,
      Optional<String> firmwareId,
      Map<Integer, byte[]> opaque,
      byte[] signedBytes,
      byte[] signature)
      implements GpuReport {}

  /**
   * Not a report that can be checked.
   *
   * @param reason names the field and what is wrong with it
   */
  record Malformed(String reason) implements GpuReport {}

  /** Reads a report; never throws for any content. */
  static GpuReport parse(byte[] bytes) {
    return GpuReportParser.parse(bytes);
  }
}
