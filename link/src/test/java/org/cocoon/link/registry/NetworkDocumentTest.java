package org.cocoon.link.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.cocoon.link.evidence.Policy;
import org.junit.jupiter.api.Test;

/** A document, and what must not be in one. */
final class NetworkDocumentTest {
  private static final String KEY =
      Base64.getUrlEncoder().withoutPadding().encodeToString(new byte[32]);
  private static final String WHOLE =
      """
      {"version": 1,
       "policy": {"version": 1, "images": {"worker": ["%s"]}},
       "models": {"m": ["%s"], "none": []},
       "prices": {"default": {"prompt": 1, "completion": 2}, "models": {"m": {"prompt": 3, "completion": 4, "cached_prompt": 0, "reasoning": 5}}},
       "routers": [{"name": "r1", "api": "https://r1.example", "link": "r1.example:8443",
         "attested": "[::1]:8444", "settlement": "0:%s", "key": "%s"}, {"name": "r2"}]}
      """
          .formatted("aa".repeat(32), "bb".repeat(32), "cc".repeat(32), KEY);

  private static NetworkDocument parse(String text) {
    return NetworkDocument.parse(text.getBytes(UTF_8));
  }

  @Test
  void readsAllOfIt() {
    NetworkDocument document = parse(WHOLE);
    assertEquals(Set.of("bb".repeat(32)), document.models().get("m"));
    assertEquals(Set.of(), document.models().get("none"));
    assertTrue(document.prices().orElseThrow().startsWith("{\"default\""));
    assertEquals(
        List.of(
            new ListedRouter(
                "r1",
                Optional.of(URI.create("https://r1.example")),
                Optional.of(new HostAndPort("r1.example", 8443)),
                Optional.of(new HostAndPort("::1", 8444)),
                Optional.of(new RegistryAddress("0:" + "cc".repeat(32))),
                Optional.of(KEY)),
            new ListedRouter(
                "r2",
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty())),
        document.routers());
  }

  @Test
  void anEmptyDocumentAllowsNothing() {
    NetworkDocument document = parse("{\"version\": 1, \"policy\": {\"version\": 1}}");
    assertEquals(Policy.NOTHING, document.policy());
    assertEquals(List.of(), document.routers());
  }

  @Test
  void namesTheKeyAtFault() {
    refuses("'version'", WHOLE.replaceFirst("\"version\": 1", "\"version\": 2"));
    refuses("'policy.version'", WHOLE.replace("{\"version\": 1, \"im", "{\"version\": 2, \"im"));
    refuses("'polcy' is unknown; did you mean 'policy'", WHOLE.replace("\"policy\"", "\"polcy\""));
    refuses("'policy' is missing", "{\"version\": 1}");
    refuses("'policy.images.worker'", WHOLE.replace("aa".repeat(32), "AA".repeat(32)));
    refuses(
        "'policy'",
        "{\"version\": 1, \"policy\": {\"version\": 1, \"trustedRoots\": [\"%s\"], \"simulatedRoots\": [\"%s\"]}}"
            .formatted("aa".repeat(32), "aa".repeat(32)));
    refuses("'models.m'", WHOLE.replace("bb".repeat(32), "bb"));
    refuses("'models.m'", WHOLE.replace("[\"" + "bb".repeat(32) + "\"]", "null"));
    refuses("'models'", WHOLE.replace("\"none\"", "\"a b\""));
    refuses("'prices.default.prompt'", WHOLE.replace("\"prompt\": 1", "\"prompt\": -1"));
    refuses("'prices.default.prompt'", WHOLE.replace("\"prompt\": 1", "\"prompt\": \"1\""));
    refuses(
        "'prices.models.m.reasoning'", WHOLE.replace("\"reasoning\": 5", "\"reasoning\": null"));
    refuses("'prices.models.m.cached'", WHOLE.replace("\"cached_prompt\"", "\"cached\""));
    refuses(
        "'prices.default' is missing",
        WHOLE.replace("\"default\": {\"prompt\": 1, \"completion\": 2}, ", ""));
    refuses("'routers[0].name'", WHOLE.replace("\"r1\"", "\"r 1\""));
    refuses("another router has too", WHOLE.replace("\"r2\"", "\"r1\""));
    refuses("'routers[0].api'", WHOLE.replace("https://r1", "ftp://r1"));
    refuses("'routers[0].link'", WHOLE.replace("r1.example:8443", "r1.example:0"));
    refuses("'routers[0].attested'", WHOLE.replace("[::1]:8444", "::1:8444"));
    refuses("'routers[0].settlement'", WHOLE.replace("0:cc", "0:c"));
    refuses("'routers[0].key'", WHOLE.replace(KEY, KEY + "="));
    refuses("'routers[1].name' is missing", WHOLE.replace("{\"name\": \"r2\"}", "{}"));
    refuses("more than 20320", WHOLE + " ".repeat(NetworkDocument.MAX_BYTES));
  }

  private static void refuses(String words, String text) {
    String message =
        String.valueOf(
            assertThrows(IllegalArgumentException.class, () -> parse(text), words).getMessage());
    assertTrue(message.contains(words), message + " should say " + words);
  }
}
