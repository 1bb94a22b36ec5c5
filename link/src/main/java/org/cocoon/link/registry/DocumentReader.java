package org.cocoon.link.registry;

import java.net.URI;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.json.Json;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;
import org.cocoon.link.evidence.json.JsonValue;

/** Reads a registry's document; see {@link NetworkDocument#parse}. */
final class DocumentReader {
  private static final int VERSION = 1;
  private static final int MAX_MODELS = 256;
  private static final int MAX_HASHES = 64;
  private static final int MAX_ROUTERS = 64;
  private static final int KEY_BYTES = 32;

  /** Of a million tokens; contracts/Price has the same, of which JSON here holds one digit less. */
  private static final long MAX_PRICE = 999_999_999_999_999L;

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern MODEL = Pattern.compile("[\\x21-\\x7e&&[^\"\\\\]]{1,255}");
  private static final Pattern NAME = Pattern.compile("[\\x21-\\x7e&&[^\"\\\\]]{1,64}");
  private static final List<String> KEYS =
      List.of("version", "policy", "models", "prices", "routers");
  private static final List<String> ROUTER_KEYS =
      List.of("name", "api", "link", "attested", "settlement", "key");
  private static final List<String> PRICE_KEYS =
      List.of("prompt", "cached_prompt", "completion", "reasoning");

  private DocumentReader() {}

  static NetworkDocument read(byte[] utf8) throws JsonException {
    JsonObject document = Json.parse(utf8, NetworkDocument.MAX_BYTES);
    document.requireOnly(KEYS);
    if (document.whole("version", 0, Integer.MAX_VALUE) != VERSION) {
      throw new JsonException("key 'version' must be 1");
    }
    return new NetworkDocument(
        Policy.read(document.object("policy")),
        document.has("models") ? models(document.object("models")) : new TreeMap<>(),
        document.has("prices") ? Optional.of(prices(document.object("prices"))) : Optional.empty(),
        routers(document.objects("routers", MAX_ROUTERS)));
  }

  private static SortedMap<String, Set<String>> models(JsonObject object) throws JsonException {
    requireNames(object, MAX_MODELS);
    SortedMap<String, Set<String>> models = new TreeMap<>();
    for (String model : object.keys()) {
      Set<String> hashes = new HashSet<>();
      if (!object.find(model).filter(JsonValue.Row.class::isInstance).isPresent()) {
        throw wrong(object, model, "a list of SHA-256 in 64 lower-case hexadecimal digits");
      }
      for (String hash : object.texts(model, MAX_HASHES)) {
        if (!HASH.matcher(hash).matches()) {
          throw wrong(object, model, "a list of SHA-256 in 64 lower-case hexadecimal digits");
        }
        if (!hashes.add(hash)) {
          throw new JsonException("key '" + object.pathOf(model) + "' has " + hash + " twice");
        }
      }
      models.put(model, hashes);
    }
    return models;
  }

  /** Checks what contracts/PriceBook reads, so that no router is left with half of a document. */
  private static String prices(JsonObject book) throws JsonException {
    book.requireOnly(List.of("default", "models"));
    price(book.object("default"));
    if (book.has("models")) {
      JsonObject models = book.object("models");
      requireNames(models, MAX_MODELS);
      for (String model : models.keys()) {
        price(models.object(model));
      }
    }
    return book.raw();
  }

  private static void price(JsonObject price) throws JsonException {
    price.requireOnly(PRICE_KEYS);
    price.whole("prompt", 0, MAX_PRICE);
    price.whole("completion", 0, MAX_PRICE);
    for (String key : price.keys()) {
      price.whole(key, 0, MAX_PRICE);
    }
  }

  private static List<ListedRouter> routers(List<JsonObject> objects) throws JsonException {
    List<ListedRouter> routers = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (JsonObject object : objects) {
      object.requireOnly(ROUTER_KEYS);
      String name = object.text("name");
      if (!NAME.matcher(name).matches()) {
        throw wrong(object, "name", "1 to 64 printable characters without spaces");
      }
      if (!names.add(name)) {
        throw new JsonException(
            "key '" + object.pathOf("name") + "' has " + name + ", which another router has too");
      }
      routers.add(
          new ListedRouter(
              name,
              text(object, "api", "an address like https://router.example", DocumentReader::api),
              text(object, "link", "like router.example:8443", HostAndPort::parse),
              text(object, "attested", "like router.example:8444", HostAndPort::parse),
              text(object, "settlement", "a TON address", RegistryAddress::parse),
              text(object, "key", "32 bytes as 43 characters of base64url", DocumentReader::key)));
    }
    return routers;
  }

  private static URI api(String text) {
    URI address = URI.create(text);
    boolean web = "https".equals(address.getScheme()) || "http".equals(address.getScheme());
    if (!web || address.getHost() == null || address.getUserInfo() != null) {
      throw new IllegalArgumentException("not an address of the web");
    }
    return address;
  }

  private static String key(String text) {
    byte[] key = Base64.getUrlDecoder().decode(text);
    // Written again, so that one key has one spelling.
    if (key.length != KEY_BYTES
        || !Base64.getUrlEncoder().withoutPadding().encodeToString(key).equals(text)) {
      throw new IllegalArgumentException("not 32 bytes");
    }
    return text;
  }

  private static <T> Optional<T> text(
      JsonObject object, String key, String right, Function<String, T> read) throws JsonException {
    if (!object.has(key)) {
      return Optional.empty();
    }
    try {
      return Optional.of(read.apply(object.text(key)));
    } catch (IllegalArgumentException e) {
      throw wrong(object, key, right);
    }
  }

  private static void requireNames(JsonObject object, int most) throws JsonException {
    if (object.keys().size() > most) {
      throw new JsonException("key '%s' has more than %d models".formatted(object.path(), most));
    }
    for (String name : object.keys()) {
      if (!MODEL.matcher(name).matches()) {
        throw new JsonException(
            "key '%s' has a name that is not 1 to 255 printable characters without spaces"
                .formatted(object.path()));
      }
    }
  }

  private static JsonException wrong(JsonObject object, String key, String right) {
    return new JsonException("key '" + object.pathOf(key) + "' must be " + right);
  }
}
