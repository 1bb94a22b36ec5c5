package org.cocoon.link.evidence;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a policy file strictly: an unknown, doubled or wrong key is refused by its name. */
final class PolicyReader {
  static final String REQUIRED = "required";
  static final String NOT_REQUIRED = "not-required";

  private static final int MAX_ENTRIES = 1_000;
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private final JsonParser parser;
  private Set<String> trustedRoots = Set.of();
  private Set<String> simulatedRoots = Set.of();
  private boolean collateralRequired = true;
  private Map<Role, Set<String>> images = Map.of();
  private boolean versionSeen;

  private PolicyReader(JsonParser parser) {
    this.parser = parser;
  }

  static Policy read(byte[] json) throws IOException {
    try (JsonParser parser = JSON.createParser(json)) {
      return new PolicyReader(parser).read();
    }
  }

  private Policy read() throws IOException {
    expect(parser.nextToken(), JsonToken.START_OBJECT, "the policy must be a JSON object");
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      readKey(parser.currentName());
    }
    if (parser.nextToken() != null) {
      throw new IOException("something follows the policy's closing brace");
    }
    if (!versionSeen) {
      throw new IOException("key 'version' is missing; it must be 1");
    }
    return new Policy(trustedRoots, simulatedRoots, collateralRequired, images);
  }

  private void readKey(String key) throws IOException {
    switch (key) {
      case "version" -> {
        expect(parser.nextToken(), JsonToken.VALUE_NUMBER_INT, "key 'version' must be 1");
        if (!parser.getText().equals("1")) {
          throw new IOException("key 'version' is " + parser.getText() + "; it must be 1");
        }
        versionSeen = true;
      }
      case "trustedRoots" -> trustedRoots = readHashes(key);
      case "simulatedRoots" -> simulatedRoots = readHashes(key);
      case "collateral" -> collateralRequired = readCollateral();
      case "images" -> images = readImages();
      default ->
          throw new IOException(
              "key '"
                  + key
                  + "' is unknown; there are version, trustedRoots, simulatedRoots, collateral"
                  + " and images");
    }
  }

  private boolean readCollateral() throws IOException {
    String right = "key 'collateral' must be \"required\" or \"not-required\"";
    expect(parser.nextToken(), JsonToken.VALUE_STRING, right);
    return switch (parser.getText()) {
      case REQUIRED -> true;
      case NOT_REQUIRED -> false;
      default -> throw new IOException(right);
    };
  }

  private Map<Role, Set<String>> readImages() throws IOException {
    expect(
        parser.nextToken(),
        JsonToken.START_OBJECT,
        "key 'images' must be an object with the lists 'router' and 'worker'");
    Map<Role, Set<String>> result = new EnumMap<>(Role.class);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String word = parser.currentName();
      Role role =
          Role.ofWord(word)
              .orElseThrow(
                  () ->
                      new IOException(
                          "key 'images." + word + "' is unknown; there are router and worker"));
      result.put(role, readHashes("images." + word));
    }
    return result;
  }

  private Set<String> readHashes(String key) throws IOException {
    String right = "key '" + key + "' must be a list of SHA-256 hashes";
    expect(parser.nextToken(), JsonToken.START_ARRAY, right);
    Set<String> hashes = new LinkedHashSet<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      expect(parser.currentToken(), JsonToken.VALUE_STRING, right);
      String hash = parser.getText();
      if (!HASH.matcher(hash).matches()) {
        throw new IOException(right + ", 64 lower-case hexadecimal digits each; one is " + hash);
      }
      if (!hashes.add(hash)) {
        throw new IOException("key '" + key + "' has " + hash + " twice");
      }
      if (hashes.size() > MAX_ENTRIES) {
        throw new IOException("key '" + key + "' has more than " + MAX_ENTRIES + " entries");
      }
    }
    return hashes;
  }

  private static void expect(@Nullable JsonToken actual, JsonToken expected, String sentence)
      throws IOException {
    if (actual != expected) {
      throw new IOException(sentence);
    }
  }
}
