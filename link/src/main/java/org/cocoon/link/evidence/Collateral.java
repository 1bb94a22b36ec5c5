package org.cocoon.link.evidence;

/**
 * What Intel publishes about a platform, as it was fetched and before anything in it is believed.
 *
 * <p>The fields are those of dcap-qvl's {@code QuoteCollateralV3}, which is the JSON form in files.
 * The arrays are this value's own and must not be changed.
 *
 * @param pckCrlIssuerChain PEM: who signed the PCK revocation list, then the root
 * @param rootCaCrl DER: the root's revocation list
 * @param pckCrl DER: the revocation list of the Platform or Processor CA
 * @param tcbInfoIssuerChain PEM: who signed the TCB info, then the root
 * @param tcbInfo the signed JSON text, byte for byte
 * @param tcbInfoSignature r and s, big-endian, 64 bytes
 * @param qeIdentityIssuerChain PEM: who signed the identity of the quoting enclave, then the root
 * @param qeIdentity the signed JSON text, byte for byte
 * @param qeIdentitySignature r and s, big-endian, 64 bytes
 */
public record Collateral(
    String pckCrlIssuerChain,
    byte[] rootCaCrl,
    byte[] pckCrl,
    String tcbInfoIssuerChain,
    String tcbInfo,
    byte[] tcbInfoSignature,
    String qeIdentityIssuerChain,
    String qeIdentity,
    byte[] qeIdentitySignature) {}
