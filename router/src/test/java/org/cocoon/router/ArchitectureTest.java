package org.cocoon.router;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "org.cocoon.router",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule stagesFormNoCycle =
      slices().matching("org.cocoon.router.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule dispatchKnowsNothingOfIo =
      noClasses()
          .that()
          .resideInAPackage("..router.dispatch..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx..", "io.netty..", "java.net..", "..router.fleet..");

  @ArchTest
  static final ArchRule onlyTheBooksKnowTheDatabase =
      noClasses()
          .that()
          .resideOutsideOfPackages("..router.ledger..", "..router.settlement..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.vertx.pgclient..", "io.vertx.sqlclient..", "java.sql..");

  @ArchTest
  static final ArchRule stagesDoNotCallTheNextOne =
      noClasses()
          .that()
          .resideInAnyPackage(
              "..router.admission..",
              "..router.dispatch..",
              "..router.fleet..",
              "..router.relay..",
              "..router.ledger..",
              "..router.settlement..",
              "..router.request..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("..router.path..", "..router.edge..");
}
