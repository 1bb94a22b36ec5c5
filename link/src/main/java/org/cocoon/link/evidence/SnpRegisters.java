package org.cocoon.link.evidence;

/**
 * The fields of an SEV-SNP report that say what runs in the guest, and how it was started.
 *
 * <p>Hashes are lower-case hexadecimal; bit fields are the little-endian integers that they are in
 * AMD's specification (56860).
 *
 * @param measurement hash of the guest's first memory, 48 bytes
 * @param hostData what the owner of the machine said about the configuration, 32 bytes
 * @param guestPolicy bit 18 migration, bit 19 DEBUG
 * @param idKeyDigest hash of the key that signed the guest's identity, 48 bytes, or zeros
 * @param platformInfo bit 0 SMT, bit 1 TSME, bit 2 ECC, bit 3 RAPL off
 * @param chipId of the processor, 64 bytes
 * @param reportData what the guest itself chose to have signed, 64 bytes
 */
public record SnpRegisters(
    String measurement,
    String hostData,
    long guestPolicy,
    String idKeyDigest,
    long platformInfo,
    String chipId,
    String reportData)
    implements Registers {}
