package org.cocoon.contracts;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(
    packages = "org.cocoon.contracts",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule packagesFormNoCycle =
      slices().matching("org.cocoon.contracts.(*)..").should().beFreeOfCycles();

  /** Statements can be signed and checked without cells and without a chain. */
  @ArchTest
  static final ArchRule statementsKnowNoChain =
      noClasses()
          .that()
          .resideInAPackage("org.cocoon.contracts")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.cocoon.contracts.*..", "java.net..");

  @ArchTest
  static final ArchRule cellsKnowNoChain =
      noClasses()
          .that()
          .resideInAPackage("..contracts.ton..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "..contracts.chain..", "..contracts.tool..", "java.net..", "com.fasterxml..");

  /** Its cells take exponential time for what a stranger can send: docs/adr says more. */
  @ArchTest
  static final ArchRule nothingButTestsKnowsTon4j =
      noClasses().should().dependOnClassesThat().resideInAnyPackage("org.ton..");

  @ArchTest
  static final ArchRule onlyTheToolKnowsTheTerminal =
      noClasses()
          .that()
          .resideOutsideOfPackage("..contracts.tool..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("picocli..");
}
