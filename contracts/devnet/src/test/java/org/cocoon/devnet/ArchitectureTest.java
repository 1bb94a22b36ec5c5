package org.cocoon.devnet;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The arrows between packages. */
final class ArchitectureTest {
  @Test
  void packagesDependDownwardsOnly() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("program")
        .definedBy("org.cocoon.devnet")
        .layer("api")
        .definedBy("org.cocoon.devnet.api")
        .layer("chain")
        .definedBy("org.cocoon.devnet.chain")
        .layer("tvm")
        .definedBy("org.cocoon.devnet.tvm")
        .layer("cell")
        .definedBy("org.cocoon.devnet.cell")
        .whereLayer("program")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("api")
        .mayOnlyBeAccessedByLayers("program")
        .whereLayer("chain")
        .mayOnlyBeAccessedByLayers("program", "api")
        .whereLayer("tvm")
        .mayOnlyBeAccessedByLayers("chain", "api")
        .check(
            new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> !location.contains("EmulatorMachine"))
                .importPackages("org.cocoon.devnet"));
  }
}
