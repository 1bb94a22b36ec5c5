package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cocoon.link.evidence.Role;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a node takes from endpoints that are slow, broken, behind or lying; on a clock of its own.
 */
final class RegistryFeedTest {
  private static final String A = "aa".repeat(32);
  private static final String B = "bb".repeat(32);

  private final Path folder;
  private Instant now = Instant.ofEpochSecond(1_800_000_000L);
  private final List<Scripted> endpoints = new ArrayList<>();

  RegistryFeedTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Says what it is told to; null: it is away. */
  private final class Scripted implements RegistryEndpoint {
    private final String name;
    private @Nullable RegistryState says;

    Scripted(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public RegistryState read() throws IOException {
      RegistryState state = says;
      if (state == null) {
        throw new IOException(name + ": away");
      }
      return state;
    }

    void says(long version, String document, String... revoked) {
      says = state(version, document, Optional.empty(), revoked);
    }

    @Override
    public void close() {}
  }

  private RegistryState state(
      long version, String document, Optional<String> pending, String... revoked) {
    SortedMap<String, Instant> hashes = new TreeMap<>();
    Arrays.asList(revoked).forEach(hash -> hashes.put(hash, now));
    return new RegistryState(
        version,
        pending.isPresent() ? now.plusSeconds(3_600) : Instant.EPOCH,
        ByteString.copyFrom(document, UTF_8),
        pending.map(text -> ByteString.copyFrom(text, UTF_8)),
        hashes,
        now);
  }

  private static String allowing(String... images) {
    return "{\"version\": 1, \"policy\": {\"version\": 1, \"images\": {\"worker\": [\"%s\"]}}}"
        .formatted(String.join("\", \"", images));
  }

  private Scripted endpoint(int index) {
    return endpoints.get(index);
  }

  private void all(long version, String document, String... revoked) {
    endpoints.forEach(endpoint -> endpoint.says(version, document, revoked));
  }

  private RegistryFeed open(int count, int quorum) throws IOException {
    List<URI> uris = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      uris.add(URI.create("https://e" + i + ".example"));
      if (endpoints.size() < count) {
        endpoints.add(new Scripted("e" + i));
      }
    }
    if (endpoints.stream().allMatch(endpoint -> endpoint.says == null)) {
      all(1, allowing(A, B));
    }
    return reopen(
        RegistryOptions.of(ScriptedChain.ADDRESS, uris).withQuorum(quorum).rememberingIn(folder));
  }

  private RegistryFeed reopen(RegistryOptions options) throws IOException {
    return RegistryFeed.open(options, List.copyOf(endpoints), () -> now);
  }

  private static Set<String> workers(RegistryFeed feed) {
    return feed.current().policy().imagesOf(Role.WORKER);
  }

  @Test
  void aNewVersionIsInForceOnceAQuorumHasIt() throws IOException {
    try (RegistryFeed feed = open(3, 2)) {
      assertEquals(Set.of(A, B), workers(feed));
      endpoint(0).says(2, allowing(A));
      feed.round();
      assertEquals(Set.of(A, B), workers(feed), "one is ahead, or lies");
      assertEquals(Optional.empty(), feed.standing().problem());
      endpoint(1).says(2, allowing(A));
      feed.round();
      assertEquals(Set.of(A), workers(feed));
      assertEquals(2, feed.standing().version());
    }
  }

  @Test
  void oneLiarAmongThreeNeitherLoosensNorStopsAnything() throws IOException {
    try (RegistryFeed feed = open(3, 2)) {
      all(2, allowing(A));
      feed.round();
      endpoint(2).says(9, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed), "a newer version of its own making");
      endpoint(2).says(2, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed), "another document of the same version");
      assertTrue(feed.standing().problem().orElseThrow().contains("another document of version 2"));
      endpoint(2).says(1, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed), "an old version");
      endpoint(2).says(2, allowing(A), A);
      feed.round();
      assertEquals(Set.of(A), workers(feed), "a revocation that nobody else knows");
      assertEquals(Optional.empty(), feed.standing().problem());
    }
  }

  @Test
  void theVersionNeverGoesBackWhoeverSaysSo() throws IOException {
    try (RegistryFeed feed = open(3, 2)) {
      all(5, allowing(A));
      feed.round();
      now = now.plusSeconds(100);
      all(4, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed));
      assertTrue(feed.standing().problem().orElseThrow().contains("version 5 was seen before"));
      assertEquals(now.minusSeconds(100), feed.standing().confirmedAt(), "and confirms nothing");
      all(5, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed), "nor does a version have another document later");
    }
    all(4, allowing(A, B));
    try (RegistryFeed again = open(3, 2)) {
      assertEquals(Set.of(A), workers(again), "nor after a restart");
      assertEquals(5, again.standing().version());
    }
  }

  @Test
  void aForkBetweenEndpointsChangesNothingAndIsNamed() throws IOException {
    try (RegistryFeed feed = open(4, 2)) {
      endpoint(0).says(2, allowing(A));
      endpoint(1).says(2, allowing(A));
      endpoint(2).says(2, allowing(B));
      endpoint(3).says(2, allowing(B));
      feed.round();
      assertEquals(Set.of(A, B), workers(feed), "two quorums are none");
      String problem = feed.standing().problem().orElseThrow();
      assertTrue(problem.contains("e0 and e2 have different documents of version 2"), problem);
    }
  }

  @Test
  void aRevocationCountsAtOnceAndForGood() throws IOException {
    try (RegistryFeed feed = open(2, 2)) {
      all(1, allowing(A, B), B);
      feed.round();
      assertEquals(Set.of(A), workers(feed), "though the document did not change");
      all(2, allowing(A, B));
      feed.round();
      assertEquals(Set.of(A), workers(feed), "nobody can take it back");
      assertEquals(Set.of(B), feed.standing().revoked());
    }
    endpoints.forEach(endpoint -> endpoint.says = null);
    try (RegistryFeed again = open2(2)) {
      assertEquals(Set.of(A), workers(again), "nor after a restart, with the chain away");
    }
  }

  /** Opens with the endpoints as they are. */
  private RegistryFeed open2(int quorum) throws IOException {
    List<URI> uris =
        endpoints.stream().map(each -> URI.create("https://" + each.name + ".example")).toList();
    return reopen(
        RegistryOptions.of(ScriptedChain.ADDRESS, uris).withQuorum(quorum).rememberingIn(folder));
  }

  @Test
  void revokedWeightsLeaveTheirList() throws IOException {
    try (RegistryFeed feed = open(1, 1)) {
      String document =
          allowing(A).replaceFirst("\\{", "{\"models\": {\"m\": [\"%s\"]}, ".formatted(B));
      all(2, document);
      feed.round();
      assertEquals(Optional.empty(), feed.current().refusal("m", "file:" + B));
      assertEquals(Optional.empty(), feed.current().refusal("other", "file:" + A));
      assertTrue(feed.current().refusal("m", "file:" + A).isPresent());
      assertTrue(feed.current().refusal("m", "").isPresent());
      all(2, document, B);
      feed.round();
      assertTrue(feed.current().refusal("m", "file:" + B).isPresent(), "an empty list allows none");
    }
  }

  @Test
  void aBrokenDocumentKeepsTheOneBeforeAndSaysSo() throws IOException {
    try (RegistryFeed feed = open(1, 1)) {
      all(2, "{\"version\": 1, \"policy\": {\"version\": 1, \"imags\": {}}}");
      now = now.plusSeconds(100);
      endpoint(0).says(2, "{\"version\": 1, \"policy\": {\"version\": 1, \"imags\": {}}}");
      feed.round();
      assertEquals(Set.of(A, B), workers(feed));
      assertEquals(1, feed.standing().version());
      assertEquals(now, feed.standing().confirmedAt(), "the chain is there");
      String problem = feed.standing().problem().orElseThrow();
      assertTrue(
          problem.contains("'policy.imags' is unknown; did you mean 'policy.images'"), problem);
      all(1, allowing(A, B));
      feed.round();
      assertTrue(
          feed.standing().problem().orElseThrow().contains("version 2 was seen"),
          "and it counts as seen");
      all(3, allowing(B));
      feed.round();
      assertEquals(Set.of(B), workers(feed));
      assertEquals(Optional.empty(), feed.standing().problem());
    }
  }

  @Test
  void anAnnouncementIsShownWithItsTimeAndItsFault() throws IOException {
    try (RegistryFeed feed = open(1, 1)) {
      assertEquals(Optional.empty(), feed.standing().announced());
      endpoint(0).says = state(1, allowing(A, B), Optional.of(allowing(A)));
      feed.round();
      RegistryStanding.Announced coming = feed.standing().announced().orElseThrow();
      assertEquals(now.plusSeconds(3_600), coming.activatesAt());
      assertEquals(Optional.empty(), coming.problem());
      assertEquals(Set.of(A, B), workers(feed), "and not in force");
      endpoint(0).says = state(1, allowing(A, B), Optional.of("{}"));
      feed.round();
      assertTrue(
          feed.standing().announced().orElseThrow().problem().orElseThrow().contains("version"));
    }
  }

  @Test
  void withTheChainAwayWhatWasReadCountsForItsTimeAndIsThenStale() throws IOException {
    try (RegistryFeed feed = open(3, 2)) {
      endpoint(0).says = null;
      endpoint(1).says = null;
      now = now.plus(RegistryOptions.DEFAULT_MAX_AGE);
      feed.round();
      assertFalse(feed.stale());
      assertEquals(Set.of(A, B), workers(feed));
      assertTrue(feed.standing().problem().orElseThrow().contains("e0: away"));
      now = now.plusSeconds(1);
      assertTrue(feed.stale(), "without waiting for a round");
      feed.round();
      assertTrue(feed.standing().stale());
      endpoint(1).says(1, allowing(A, B));
      endpoint(2).says(1, allowing(A, B));
      feed.round();
      assertFalse(feed.stale());
      assertEquals(Optional.empty(), feed.standing().problem());
    }
  }

  @Test
  void aFrozenEndpointConfirmsNoMoreThanTheTimeOfItsBlock() throws IOException {
    try (RegistryFeed feed = open(1, 1)) {
      Instant then = now;
      now = now.plus(Duration.ofHours(25));
      feed.round();
      assertEquals(then, feed.standing().confirmedAt());
      assertTrue(feed.stale());
    }
  }

  @Test
  void aBlockFromTheFutureConfirmsNoMoreThanNow() throws IOException {
    try (RegistryFeed feed = open(2, 1)) {
      Instant then = now;
      now = now.plus(Duration.ofDays(300));
      endpoint(0).says(1, allowing(A, B));
      now = then.plusSeconds(10);
      feed.round();
      assertEquals(now, feed.standing().confirmedAt());
    }
  }

  @Test
  void nothingStartsWithoutAPolicy() throws IOException {
    endpoints.add(new Scripted("e0"));
    IOException away = assertThrows(IOException.class, () -> open2(1));
    assertTrue(String.valueOf(away.getMessage()).contains("e0: away"), away::getMessage);
    all(1, "{\"version\": 1}");
    IOException broken = assertThrows(IOException.class, () -> open2(1));
    assertTrue(
        String.valueOf(broken.getMessage()).contains("key 'policy' is missing"),
        broken::getMessage);
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count(), "and nothing is remembered of it");
    }
  }

  @Test
  void aDamagedMemoryIsNoReasonToForget() throws IOException {
    open(1, 1).close();
    Path file;
    try (var files = Files.list(folder)) {
      file = files.findFirst().orElseThrow();
    }
    Files.writeString(file, "{");
    IOException damaged = assertThrows(IOException.class, () -> open2(1));
    assertTrue(String.valueOf(damaged.getMessage()).contains(file.toString()));
  }

  @Test
  void optionsAreCheckedBeforeAnythingIsAsked() {
    List<URI> two = List.of(URI.create("https://a.example"), URI.create("https://b.example"));
    assertEquals(2, RegistryOptions.of(ScriptedChain.ADDRESS, two).quorum());
    assertThrows(
        IllegalArgumentException.class, () -> RegistryOptions.of(ScriptedChain.ADDRESS, List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegistryOptions.of(ScriptedChain.ADDRESS, two).withQuorum(3));
    assertThrows(
        IllegalArgumentException.class,
        () ->
            RegistryOptions.of(
                ScriptedChain.ADDRESS,
                List.of(URI.create("https://a.example"), URI.create("https://a.example/api/v2"))));
    assertThrows(
        IllegalArgumentException.class,
        () -> RegistryOptions.of(ScriptedChain.ADDRESS, two).withMaxAge(Duration.ofSeconds(1)));
  }
}
