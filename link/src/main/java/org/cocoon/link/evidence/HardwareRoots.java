package org.cocoon.link.evidence;

import java.util.Set;

/**
 * The roots of the makers of hardware, as SHA-256 of the certificate's DER in lower-case
 * hexadecimal: none of them can be a simulated root.
 */
public final class HardwareRoots {
  /** Intel SGX Root CA. */
  public static final String INTEL_SGX =
      "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3";

  /** AMD's root key of Milan (ARK-Milan). */
  public static final String AMD_MILAN =
      "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd";

  /** AMD's root key of Genoa (ARK-Genoa). */
  public static final String AMD_GENOA =
      "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1";

  /** AMD's root key of Turin (ARK-Turin). */
  public static final String AMD_TURIN =
      "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a";

  /** NVIDIA Device Identity CA. */
  public static final String NVIDIA_DEVICE =
      "102bf659d5419614c9d8e6aecebc80454eb26b1df6a769ac720b9a690b167b48";

  private static final Set<String> ALL =
      Set.of(INTEL_SGX, AMD_MILAN, AMD_GENOA, AMD_TURIN, NVIDIA_DEVICE);

  private HardwareRoots() {}

  /** Whether a root is one of these. */
  static boolean contains(String root) {
    return ALL.contains(root);
  }
}
