package org.cocoon.link.keys;

import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.cocoon.link.seal.GroupPrivateKey;
import org.cocoon.link.seal.GroupPublicKey;
import org.junit.jupiter.api.Test;

final class GroupKeyStoreTest {
  private static final long SEED = 20260313;
  private static final Duration EPOCH = Duration.ofHours(1);
  private static final Set<String> WANTED = Set.of("m");

  private Instant now = NOW;
  private final GroupKeyStore store = new GroupKeyStore(EPOCH, () -> now, new SecureRandom());

  private List<String> ids() {
    return store.held("m").stream().map(key -> key.publicHalf().keyId()).toList();
  }

  @Test
  void aKeyGivenToAClientServesUntilItsEnd() {
    // Whenever a client takes the newest key, workers hold it until it ends, and for answers
    // beyond.
    Random random = new Random(SEED);
    Map<String, Instant> given = new HashMap<>();
    store.keysOf("m");
    for (int step = 0; step < 2_000; step++) {
      now = now.plusSeconds(random.nextInt(600));
      store.advance(WANTED);
      GroupPublicKey newest = store.held("m").getFirst().publicHalf();
      String said = "seed " + SEED + " step " + step;
      assertTrue(!newest.notAfter().isBefore(now.plus(EPOCH)), said + ": a client has an epoch");
      given.put(newest.keyId(), newest.notAfter());
      List<String> held = ids();
      given.forEach(
          (id, notAfter) ->
              assertEquals(
                  now.isBefore(notAfter.plus(GroupKeyStore.LINGER)), held.contains(id), said));
      assertTrue(held.size() <= 3, said);
    }
    assertTrue(given.size() > 100);
  }

  @Test
  void epochsGoUpEvenFromOneKeyManagerToTheNext() {
    long last = store.keysOf("m").getFirst().publicHalf().epoch();
    for (int i = 0; i < 5; i++) {
      now = now.plus(EPOCH);
      assertEquals(WANTED, store.advance(WANTED));
      long next = store.held("m").getFirst().publicHalf().epoch();
      assertTrue(next > last);
      last = next;
    }
    now = now.plus(EPOCH);
    GroupKeyStore restarted = new GroupKeyStore(EPOCH, () -> now, new SecureRandom());
    assertTrue(restarted.keysOf("m").getFirst().publicHalf().epoch() > last);
  }

  @Test
  void whatIsForgottenIsOverwritten() {
    List<GroupSecret> first = new ArrayList<>(store.keysOf("m"));
    byte[] secret = first.getFirst().privateKey();
    new GroupPrivateKey(first.getFirst().publicHalf(), secret); // the halves belong together
    assertEquals(Set.of("m"), store.renewAll());
    assertArrayEquals(new byte[32], secret);
    assertEquals(1, ids().size());
    assertNotEquals(first.getFirst().publicHalf().keyId(), ids().getFirst());

    byte[] second = store.held("m").getFirst().privateKey();
    now = now.plus(EPOCH.multipliedBy(2)).plus(GroupKeyStore.LINGER);
    store.advance(Set.of());
    assertArrayEquals(new byte[32], second, "nobody wants the model any more");
    assertEquals(Set.of(), store.heldIds());

    byte[] third = store.keysOf("m").getFirst().privateKey();
    store.forgetAll();
    assertArrayEquals(new byte[32], third);
  }

  @Test
  void boundsModelsAndEpochs() {
    for (int i = 0; i < GroupKeyStore.MAX_MODELS; i++) {
      store.keysOf("model-" + i);
    }
    assertTrue(store.hasRoomFor(Set.of("model-0", "model-7")));
    assertTrue(!store.hasRoomFor(Set.of("model-0", "another")));
    assertThrows(IllegalStateException.class, () -> store.keysOf("another"));
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofHours(6))) {
      assertThrows(
          IllegalArgumentException.class,
          () -> new GroupKeyStore(wrong, () -> now, new SecureRandom()));
    }
  }
}
