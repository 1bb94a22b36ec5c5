package org.cocoon.link.evidence.collateral;

import static org.cocoon.link.evidence.collateral.TestCollateral.FAMILY;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.cocoon.link.evidence.CaType;
import org.cocoon.link.evidence.Collateral;
import org.cocoon.link.evidence.PlatformName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CollateralFileTest {
  @TempDir Path folder;

  @Test
  void readsWhatItWrites() throws IOException {
    Collateral collateral = new TestCollateral().build();
    Path file = folder.resolve("c.json");
    CollateralFile.write(collateral, file);
    PccsSourceTest.assertSame(collateral, CollateralFile.load(file));
  }

  @Test
  void refusesAFileThatIsTooLong() throws IOException {
    Path file = folder.resolve("long.json");
    Files.write(file, new byte[Collateral.MAX_BYTES + 1]);
    assertThrows(IOException.class, () -> CollateralFile.load(file));
  }

  @Test
  void picksTheBundleOfThePlatform() throws IOException {
    Path other = folder.resolve("other.json");
    Path processor = folder.resolve("processor.json");
    Path right = folder.resolve("right.json");
    CollateralFile.write(new TestCollateral().ofPlatform("00a06d080000").build(), other);
    CollateralFile.write(new TestCollateral().build(CaType.PROCESSOR), processor);
    CollateralFile.write(new TestCollateral().build(), right);
    PccsSourceTest.assertSame(
        new TestCollateral().build(),
        new BundleSource(List.of(other, processor, right)).fetch(FAMILY));
    BundleSource without = new BundleSource(List.of(other, processor));
    assertThrows(IOException.class, () -> without.fetch(FAMILY));
  }

  @Test
  void readsRealAnswersFromAFolderAndFromABundleAlike() throws IOException {
    Path evidence = evidence();
    Collateral folderOnes = new FolderSource(evidence.resolve("tinfoil")).fetch(FAMILY);
    Collateral bundled =
        new BundleSource(
                List.of(evidence.resolve("assembled_collateral_90c06f000000_2026-01.json")))
            .fetch(FAMILY);
    assertEquals(bundled.tcbInfo(), folderOnes.tcbInfo());
    assertTrue(Arrays.equals(bundled.pckCrl(), folderOnes.pckCrl()));
    assertEquals(bundled.tcbInfoIssuerChain().strip(), folderOnes.tcbInfoIssuerChain().strip());
    assertEquals("2026-02-11T15:46:45Z", Edition.of(folderOnes).tcbInfo().nextUpdate().toString());
    Collateral processor =
        new FolderSource(evidence.resolve("tinfoil"))
            .fetch(new PlatformName("00a06d080000", CaType.PROCESSOR));
    assertEquals(
        new PlatformName("00a06d080000", CaType.PROCESSOR), Edition.of(processor).family());
  }

  private static Path evidence() {
    Path at = Path.of("").toAbsolutePath();
    while (at != null) {
      if (Files.isDirectory(at.resolve("shared/evidence"))) {
        return at.resolve("shared/evidence");
      }
      at = at.getParent();
    }
    return abort("there is no folder shared/evidence above this one");
  }
}
