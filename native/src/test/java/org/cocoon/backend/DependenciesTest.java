package org.cocoon.backend;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module knows the JDK and nothing of requests, networks or Vert.x. */
@AnalyzeClasses(packages = "org.cocoon.backend", importOptions = DoNotIncludeTests.class)
final class DependenciesTest {
  @ArchTest
  static final ArchRule DEPENDS_ON_THE_JDK_ONLY =
      classes()
          .that()
          .resideInAPackage("org.cocoon.backend..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("org.cocoon.backend..", "java..", "org.jspecify..");
}
