package org.cocoon.link.tls;

/** Why a link certificate is refused before its evidence is looked at. */
enum CertificateFault {
  /** It came with other certificates; a link certificate stands alone. */
  NOT_ALONE,
  /** It is not an X.509 v3 certificate in DER. */
  MALFORMED_CERTIFICATE,
  /** Its key is not P-256. */
  KEY_TYPE,
  /** It did not sign itself. */
  SELF_SIGNATURE,
  /** It is not yet, or no longer, valid. */
  NOT_VALID_NOW,
  /** It is valid for more than a day. */
  VALID_TOO_LONG,
  /** It has no quote, or more than one, or something follows the quote. */
  QUOTE_EXTENSION,
  /** It has no claims, or more than one, or they cannot be read. */
  CLAIMS_EXTENSION,
  /** It has more than one bundle of GPU evidence, or not the one that its claims name. */
  GPU_EXTENSION,
  /** It has a critical extension that is neither quote nor claims nor GPU evidence. */
  UNKNOWN_CRITICAL_EXTENSION,
  /** Its claims are older than a day, or of the future. */
  STALE_CLAIMS,
  /** It is a node of another role than the one that belongs at that end. */
  WRONG_ROLE
}
