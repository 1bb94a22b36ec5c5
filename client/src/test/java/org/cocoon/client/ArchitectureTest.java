package org.cocoon.client;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which package may use which. */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.cocoon.client");

  /** The network's judge looks at statements too, and seals nothing. */
  @Test
  void onlyOnePlaceSealsAndOpens() {
    noClasses()
        .that()
        .resideOutsideOfPackage("..client.attested..")
        .and()
        .doNotHaveFullyQualifiedName("org.cocoon.client.NetworkEvidence")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.cocoon.link.seal..")
        .check(CLASSES);
  }

  @Test
  void programsCanUseSealingWithoutTheSidecar() {
    noClasses()
        .that()
        .resideInAPackage("..client.attested..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("..client.sidecar..")
        .check(CLASSES);
  }

  @Test
  void chatStartsWithoutVertx() {
    noClasses()
        .that()
        .resideInAPackage("org.cocoon.client")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.vertx..", "org.slf4j..")
        .check(CLASSES);
  }
}
