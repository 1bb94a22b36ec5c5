package org.cocoon.link.evidence;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = {"org.cocoon.link.evidence", "org.cocoon.link.tls"},
    importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
  @ArchTest
  static final ArchRule EVIDENCE_STANDS_ALONE =
      noClasses()
          .that()
          .resideInAPackage("org.cocoon.link.evidence..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.vertx..", "io.netty..", "com.google..", "org.cocoon.link.tls..", "org.slf4j..");

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
}
