package org.cocoon.link.evidence;

/**
 * What a TEE gives to prove what runs in it; the arrays are their owner's and must not be changed.
 */
public sealed interface TeeEvidence {
  /**
   * Of Intel TDX.
   *
   * @param quote see {@link TdxQuote}
   */
  record Tdx(byte[] quote) implements TeeEvidence {}

  /**
   * Of AMD SEV-SNP.
   *
   * @param report the platform's report
   * @param certificates the table of certificates that the host hands out beside it
   */
  record Snp(byte[] report, byte[] certificates) implements TeeEvidence {}
}
