package org.cocoon.link.evidence;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = {"org.cocoon.link.evidence", "org.cocoon.link.tls", "org.cocoon.link.registry"},
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  /** Bouncy Castle is there for what the JDK cannot do, and only behind the verdicts on TDX. */
  @ArchTest
  static final ArchRule EVIDENCE_STANDS_ALONE =
      classes()
          .that()
          .resideInAPackage("org.cocoon.link.evidence..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.crypto..",
              "javax.naming..",
              "javax.security.auth.x500..",
              "com.sun.net.httpserver..",
              "org.cocoon.link.evidence..",
              "org.bouncycastle..",
              "org.jspecify..");

  @ArchTest
  static final ArchRule VERDICTS_ON_TDX_NEED_THE_JDK_ALONE =
      classes()
          .that()
          .resideInAnyPackage("org.cocoon.link.evidence", "org.cocoon.link.evidence.json")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.security.auth.x500..",
              "org.cocoon.link.evidence",
              "org.cocoon.link.evidence.json",
              "org.jspecify..");

  @ArchTest
  static final ArchRule VERDICTS_DO_NOT_KNOW_THE_SIMULATION =
      noClasses()
          .that()
          .resideInAnyPackage(
              "org.cocoon.link.evidence",
              "org.cocoon.link.evidence.snp..",
              "org.cocoon.link.evidence.gpu..",
              "org.cocoon.link.evidence.eventlog..",
              "org.cocoon.link.tls..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.cocoon.link.evidence.simulated..");

  /** It reads the chain with no library for TON, so that a worker holds no chain code. */
  @ArchTest
  static final ArchRule THE_REGISTRY_IS_READ_WITHOUT_CHAIN_CODE =
      classes()
          .that()
          .resideInAPackage("org.cocoon.link.registry..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "com.fasterxml.jackson.core..",
              "com.google.protobuf..",
              "org.cocoon.link.evidence",
              "org.cocoon.link.evidence.json",
              "org.cocoon.link.registry",
              "org.cocoon.link.sealing",
              "org.jspecify..",
              "org.slf4j..");
}
