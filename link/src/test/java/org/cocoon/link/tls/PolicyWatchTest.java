package org.cocoon.link.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.simulated.TestNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A policy file that changes in all the ways in which people change files. */
final class PolicyWatchTest {
  private static final Policy FIRST = TestNetwork.productionPolicy();
  private static final Policy SECOND = TestNetwork.policy(Set.of("ab".repeat(32)));

  private final Path file;
  private final List<String> changes = new ArrayList<>();
  private final List<String> complaints = new ArrayList<>();

  PolicyWatchTest(@TempDir Path dir) {
    file = dir.resolve("policy.json");
  }

  private PolicyWatch open() throws IOException {
    return PolicyWatch.open(
        file,
        new PolicyWatch.Listener() {
          @Override
          public void changed(Policy policy) {
            changes.add(PolicyWatch.shortDigest(policy));
          }

          @Override
          public void unreadable(String reason) {
            complaints.add(reason);
          }
        });
  }

  @Test
  void doesNotStartWithoutAPolicy() throws IOException {
    assertThrows(IOException.class, this::open);
    Files.writeString(file, "{}");
    assertTrue(
        String.valueOf(assertThrows(IOException.class, this::open).getMessage())
            .contains("version"));
  }

  @Test
  void takesAChangeAtTheNextPollThoughSizeAndTimeStayTheSame() throws IOException {
    Files.writeString(file, FIRST.toJson());
    PolicyWatch watch = open();
    watch.poll();
    assertEquals(List.of(), changes);
    FileTime before = Files.getLastModifiedTime(file);
    String changed = FIRST.toJson().replace(Policy.INTEL_SGX_ROOT, "ab".repeat(32));
    assertEquals(FIRST.toJson().length(), changed.length());
    Files.writeString(file, changed);
    Files.setLastModifiedTime(file, before);
    watch.poll();
    assertEquals(1, changes.size());
    assertEquals(changes.getFirst(), PolicyWatch.shortDigest(watch.current()));
    watch.poll();
    assertEquals(1, changes.size(), "told once");
  }

  @Test
  void aFormattedPolicyThatSaysTheSameIsNoChange() throws IOException {
    Files.writeString(file, FIRST.toJson());
    PolicyWatch watch = open();
    Files.writeString(file, FIRST.toJson().replace("\n", " "));
    watch.poll();
    assertEquals(List.of(), changes);
    assertEquals(List.of(), complaints);
  }

  @Test
  void everyHalfOfAFileKeepsThePolicyInForceAndIsToldOnceIfItStays() throws IOException {
    Files.writeString(file, FIRST.toJson());
    PolicyWatch watch = open();
    String whole = SECOND.toJson();
    int halves = whole.lastIndexOf('}');
    for (int length = 0; length <= halves; length++) {
      Files.writeString(file, whole.substring(0, length));
      watch.poll();
    }
    assertEquals(List.of(), complaints, "each was different at the next poll: still being written");
    watch.poll();
    watch.poll();
    watch.poll();
    assertEquals(1, complaints.size());
    assertTrue(complaints.getFirst().contains("policy.json"), complaints::getFirst);
    assertEquals(List.of(), changes);
    assertEquals(PolicyWatch.shortDigest(FIRST), PolicyWatch.shortDigest(watch.current()));

    Files.writeString(file, whole);
    watch.poll();
    assertEquals(List.of(PolicyWatch.shortDigest(SECOND)), changes);
  }

  @Test
  void aMissingFileKeepsThePolicyAndOneThatComesBackIsTaken() throws IOException {
    Files.writeString(file, FIRST.toJson());
    PolicyWatch watch = open();
    Files.delete(file);
    for (int i = 0; i < 4; i++) {
      watch.poll();
    }
    assertEquals(1, complaints.size(), complaints::toString);
    Files.writeString(file, SECOND.toJson());
    watch.poll();
    assertEquals(List.of(PolicyWatch.shortDigest(SECOND)), changes);
    Files.writeString(file, FIRST.toJson());
    watch.poll();
    assertEquals(
        List.of(PolicyWatch.shortDigest(SECOND), PolicyWatch.shortDigest(FIRST)),
        changes,
        "and back again");
  }
}
