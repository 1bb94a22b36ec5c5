package org.cocoon.link.fuzz;

import java.util.Arrays;
import java.util.Locale;
import org.cocoon.link.evidence.DerTarget;
import org.cocoon.link.evidence.DocumentTarget;
import org.cocoon.link.evidence.simulated.CollateralTarget;
import org.cocoon.link.evidence.simulated.EventLogTarget;
import org.cocoon.link.evidence.simulated.GpuTarget;
import org.cocoon.link.evidence.simulated.QuoteTarget;
import org.cocoon.link.evidence.snp.SnpTarget;
import org.cocoon.link.registry.RegistryTarget;
import org.cocoon.link.seal.AnswerTarget;
import org.cocoon.link.seal.SealedPromptTarget;
import org.cocoon.link.seal.StatementTarget;
import org.cocoon.link.tls.ClaimsTarget;
import org.cocoon.link.tls.LinkCertificateTarget;

/** The targets by name; on the command line in lower case with hyphens. */
public enum FuzzTargets {
  /** A TDX quote, parsed and verified. */
  QUOTE,
  /** Collateral in its JSON form, verified beside a good quote. */
  COLLATERAL,
  /** Revocation lists, TCB info, enclave identities and policies, parsed. */
  DOCUMENT,
  /** DER values, certificates and the extension of a platform's certificate. */
  DER,
  /** An SNP report and its certificate table, parsed and verified. */
  SNP,
  /** A bundle of GPU evidence, parsed and verified. */
  GPU,
  /** An event log, parsed and replayed. */
  EVENT_LOG,
  /** A link certificate. */
  LINK_CERTIFICATE,
  /** The claims in a link certificate. */
  CLAIMS,
  /** A statement of a group key, verified. */
  STATEMENT,
  /** A sealed prompt, opened. */
  SEALED_PROMPT,
  /** The chunks of a sealed answer, opened in a row. */
  ANSWER,
  /** The data of a registry: a bag of cells, what was taken back, and the document. */
  REGISTRY;

  /** The target with this word. */
  static FuzzTargets of(String word) {
    return Arrays.stream(values())
        .filter(target -> target.word().equals(word))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("targets: " + words()));
  }

  static String words() {
    return String.join(" ", Arrays.stream(values()).map(FuzzTargets::word).toList());
  }

  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Makes the target. */
  public FuzzTarget in(FuzzWorkspace workspace) {
    return switch (this) {
      case QUOTE -> new QuoteTarget(workspace);
      case COLLATERAL -> new CollateralTarget(workspace);
      case DOCUMENT -> new DocumentTarget(workspace);
      case DER -> new DerTarget();
      case SNP -> new SnpTarget(workspace);
      case GPU -> new GpuTarget(workspace);
      case EVENT_LOG -> new EventLogTarget();
      case LINK_CERTIFICATE -> new LinkCertificateTarget(workspace);
      case CLAIMS -> new ClaimsTarget();
      case STATEMENT -> new StatementTarget(workspace);
      case SEALED_PROMPT -> new SealedPromptTarget();
      case ANSWER -> new AnswerTarget();
      case REGISTRY -> new RegistryTarget();
    };
  }
}
