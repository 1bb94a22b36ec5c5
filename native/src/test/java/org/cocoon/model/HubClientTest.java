package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HubClientTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  @TempDir private Path folder = Path.of("");
  private final ConcurrentHashMap<String, byte[]> pages = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, String> tokens = new ConcurrentHashMap<>();
  private final HttpServer server = server();

  private static HttpServer server() {
    try {
      return HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @BeforeEach
  void start() {
    server.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          String token = exchange.getRequestHeaders().getFirst("Authorization");
          tokens.put(path, token == null ? "" : token);
          byte[] page = pages.getOrDefault(path, new byte[0]);
          exchange.sendResponseHeaders(page.length == 0 ? 404 : 200, page.length);
          exchange.getResponseBody().write(page);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private HubClient client(String token) {
    PrintWriter quiet = new PrintWriter(Writer.nullWriter());
    return new HubClient(
        URI.create("http://127.0.0.1:" + server.getAddress().getPort()), token, quiet);
  }

  private void serve(String repository, String... files) {
    StringBuilder list = new StringBuilder();
    for (String file : files) {
      byte[] content = ("content of " + file).getBytes(UTF_8);
      pages.put("/" + repository + "/resolve/" + COMMIT + "/" + file, content);
      String sha256 = HexFormat.of().formatHex(ModelHash.sha256().digest(content));
      list.append(list.isEmpty() ? "" : ",");
      list.append(
          "{\"rfilename\":\"%s\",\"size\":%d,\"lfs\":{\"sha256\":\"%s\"}}"
              .formatted(file, content.length, sha256));
    }
    String json = "{\"sha\":\"" + COMMIT + "\",\"siblings\":[" + list + "]}";
    pages.put("/api/models/" + repository + "/revision/main", json.getBytes(UTF_8));
  }

  private String refusal(String name) {
    return assertThrows(ModelFileException.class, () -> client("").pull(name, "main", folder))
        .getMessage();
  }

  @Test
  void fetchesTheOnlyGgufFileAndSendsTheToken() throws IOException {
    serve("a/b", "README.md", "b.gguf");
    Path file = client("secret").pull("a/b", "main", folder);
    assertEquals("content of b.gguf", Files.readString(file));
    assertTrue(file.startsWith(folder.resolve("a_b-0123456789ab")), file.toString());
    assertEquals("Bearer secret", tokens.get("/a/b/resolve/" + COMMIT + "/b.gguf"));
    assertFalse(tokens.containsKey("/a/b/resolve/" + COMMIT + "/README.md"));
  }

  @Test
  void fetchesTheNamedFileOfMany() throws IOException {
    serve("a/b", "q4.gguf", "q8.gguf");
    assertTrue(refusal("a/b").contains("q4.gguf, q8.gguf"));
    assertEquals(
        "content of q8.gguf", Files.readString(client("").pull("a/b/q8.gguf", "main", folder)));
  }

  @Test
  void fetchesAllPartsOfASafetensorsModel() {
    serve("a/b", "config.json", "model-1.safetensors", "model-2.safetensors", "x.bin", "../e.json");
    Path model = client("").pull("a/b", "main", folder);
    assertTrue(Files.exists(model.resolve("config.json")));
    assertTrue(Files.exists(model.resolve("model-2.safetensors")));
    assertFalse(Files.exists(model.resolve("x.bin")));
    assertFalse(Files.exists(folder.resolve("e.json")));
  }

  @Test
  void throwsAwayAFileThatIsNotTheOneThatTheHubListed() {
    serve("a/b", "b.gguf");
    String path = "/a/b/resolve/" + COMMIT + "/b.gguf";
    pages.put(path, "Content of b.gguf".getBytes(UTF_8));
    assertTrue(refusal("a/b").contains("wrong SHA-256"));
    assertFalse(Files.exists(folder.resolve("a_b-0123456789ab/b.gguf")));
  }

  @Test
  void saysWhatIsWrong() {
    assertTrue(refusal("a/nothing").contains("there is no such model"));
    assertTrue(refusal("../../etc/passwd").contains("is no model"));
    server.stop(0);
    assertTrue(refusal("a/b").contains("without internet, give a path"));
  }
}
