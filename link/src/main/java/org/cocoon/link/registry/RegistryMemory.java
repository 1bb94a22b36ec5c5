package org.cocoon.link.registry;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;
import org.cocoon.link.sealing.DurableFiles;

/**
 * What a node remembers of the registry, so that nobody can lead it back: versions and what was
 * taken back only grow.
 *
 * @param registry which one
 * @param seen the newest version that was agreed on
 * @param seenDocument its document, which may be broken
 * @param version the newest version whose document is not broken: the one in force
 * @param document of that version
 * @param revoked taken back, in 64 hexadecimal digits
 * @param confirmedAt the last time by which the chain said so
 */
record RegistryMemory(
    RegistryAddress registry,
    long seen,
    ByteString seenDocument,
    long version,
    ByteString document,
    SortedSet<String> revoked,
    Instant confirmedAt) {

  private static final long MAX_VERSION = 0xffffffffL;
  private static final long MAX_SECONDS = 0xffffffffL;

  /** Two documents in base64, and the most hashes. */
  private static final int MAX_FILE_BYTES =
      4 * RegistryState.MAX_DOCUMENT_BYTES + 70 * RevokedHashes.MAX + 1_024;

  /** Copies the set. */
  RegistryMemory {
    revoked = Collections.unmodifiableSortedSet(new TreeSet<>(revoked));
  }

  /** Whether a reading is older than what was seen: its endpoint is behind, or leads back. */
  boolean isAheadOf(RegistryState state) {
    return state.version() < seen;
  }

  /** Whether a version has another document than was seen: its endpoint lies. */
  boolean contradicts(RegistryState state) {
    return state.version() == seen && !state.document().equals(seenDocument);
  }

  /** With more that was taken back; what is no longer listed stays taken back. */
  RegistryMemory revoking(SortedSet<String> more) {
    SortedSet<String> all = new TreeSet<>(revoked);
    all.addAll(more);
    return new RegistryMemory(registry, seen, seenDocument, version, document, all, confirmedAt);
  }

  /** With a version that was agreed on, in force if its document is not broken. */
  RegistryMemory seeing(RegistryState state, boolean broken, Instant now) {
    Instant asOf = state.asOf().isBefore(now) ? state.asOf() : now;
    return new RegistryMemory(
        registry,
        state.version(),
        state.document(),
        broken ? version : state.version(),
        broken ? document : state.document(),
        revoked,
        asOf.isAfter(confirmedAt) ? asOf : confirmedAt);
  }

  private static Path file(Path folder, RegistryAddress registry) {
    return folder.resolve(registry.raw().replace(':', '_') + ".json");
  }

  /**
   * Reads what was kept; empty if nothing was.
   *
   * @throws IOException a sentence, if the file is there and cannot be read
   */
  static Optional<RegistryMemory> load(Path folder, RegistryAddress registry) throws IOException {
    Path file = file(folder, registry);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      JsonObject kept = Json.parse(Files.readAllBytes(file), MAX_FILE_BYTES);
      return Optional.of(
          new RegistryMemory(
              new RegistryAddress(kept.text("registry")),
              kept.whole("seen", 0, MAX_VERSION),
              bytes(kept, "seen_document"),
              kept.whole("version", 0, MAX_VERSION),
              bytes(kept, "document"),
              new TreeSet<>(kept.texts("revoked", RevokedHashes.MAX)),
              Instant.ofEpochSecond(kept.whole("confirmed_at", 0, MAX_SECONDS))));
    } catch (JsonException | IllegalArgumentException e) {
      throw new IOException(
          "%s: %s; without it nobody knows which version was seen last: remove it only if you are"
                  .formatted(file, e.getMessage())
              + " sure of the endpoints",
          e);
    }
  }

  private static ByteString bytes(JsonObject object, String key) throws JsonException {
    return ByteString.copyFrom(Base64.getDecoder().decode(object.text(key)));
  }

  /** Keeps it; it is on the disk when this returns. */
  void keep(Path folder) throws IOException {
    Files.createDirectories(folder);
    DurableFiles.replace(
        file(folder, registry), toJson().getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }

  private String toJson() {
    return """
        {"registry": %s,
         "seen": %d,
         "seen_document": %s,
         "version": %d,
         "document": %s,
         "revoked": [%s],
         "confirmed_at": %d}
        """
        .formatted(
            Json.quote(registry.raw()),
            seen,
            base64(seenDocument),
            version,
            base64(document),
            revoked.stream().map(Json::quote).collect(Collectors.joining(", ")),
            confirmedAt.getEpochSecond());
  }

  private static String base64(ByteString bytes) {
    return Json.quote(Base64.getEncoder().encodeToString(bytes.toByteArray()));
  }
}
