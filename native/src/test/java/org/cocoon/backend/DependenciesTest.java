package org.cocoon.backend;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The module knows model files and the JDK, and nothing of requests, networks or Vert.x. */
@AnalyzeClasses(
    packages = {"org.cocoon.backend", "org.cocoon.model"},
    importOptions = DoNotIncludeTests.class)
final class DependenciesTest {
  @ArchTest
  static final ArchRule BACKENDS_DEPEND_ON_MODEL_FILES_AND_THE_JDK =
      classes()
          .that()
          .resideInAPackage("org.cocoon.backend..")
          .and()
          .haveSimpleNameNotStartingWith("Onnx")
          .and()
          .resideOutsideOfPackage("org.cocoon.backend.tensorrt")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "org.cocoon.backend..", "org.cocoon.model..", "java..", "org.jspecify..");

  /** What plans and launches steps is plain Java, so that it can be tested without a GPU. */
  @ArchTest
  static final ArchRule FEW_CLASSES_CALL_TENSORRT =
      classes()
          .that()
          .resideInAPackage("org.cocoon.backend.tensorrt")
          .and()
          .haveNameNotMatching(
              ".*\\.(TensorRtLibrary|TensorRtOpener|NetworkBuilder|NvInferEngine|CppObject)(\\$.*)?")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "org.cocoon.backend..", "org.cocoon.model..", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule ONE_BACKEND_DEPENDS_ON_ONNX_RUNTIME =
      noClasses()
          .that()
          .haveSimpleNameNotStartingWith("Onnx")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.onnxruntime..");

  @ArchTest
  static final ArchRule MODEL_FILES_KNOW_NO_BACKEND =
      noClasses()
          .that()
          .resideInAPackage("org.cocoon.model..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.cocoon.backend..");
}
