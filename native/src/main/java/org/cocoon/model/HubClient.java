package org.cocoon.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Downloads models from a Hugging Face hub: a commit is pinned first, and every large file is
 * checked against the SHA-256 that the hub tells.
 */
final class HubClient {
  private static final Pattern NAME =
      Pattern.compile("([A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*)(?:/([A-Za-z0-9][\\w.-]*))?");
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern REVISION = Pattern.compile("[A-Za-z0-9][\\w.-]{0,127}");
  private static final Pattern WANTED =
      Pattern.compile("[A-Za-z0-9][\\w.-]*\\.safetensors|[A-Za-z0-9][\\w.-]*\\.json");
  private static final int MAX_LISTING_BYTES = 1 << 24;
  private static final int MAX_FILES = 1024;
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final int BUFFER_BYTES = 1 << 16;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final URI endpoint;
  private final String token;
  private final PrintWriter messages;

  /** A file of a model; the hash is empty where the hub tells none, as for small files. */
  private record Remote(String name, long bytes, String sha256) {}

  HubClient(URI endpoint, String token, PrintWriter messages) {
    this.endpoint = endpoint;
    this.token = token;
    this.messages = messages;
  }

  /**
   * Downloads a model's files that are not there yet.
   *
   * @param name OWNER/NAME for safetensors or the only GGUF file, OWNER/NAME/FILE for one of many
   * @param into a folder for models; each commit gets one of its own in it
   * @return the GGUF file or the folder
   * @throws ModelFileException if the hub cannot be reached, has no such model, or sends another
   *     file
   */
  Path pull(String name, String revision, Path into) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches() || !REVISION.matcher(revision).matches()) {
      throw new ModelFileException(
          "'" + name + "' at '" + revision + "' is no model: it is OWNER/NAME or OWNER/NAME/FILE");
    }
    String repository = parts.group(1);
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(TIMEOUT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build()) {
      JsonNode listing = listing(client, repository, revision);
      String commit = listing.path("sha").asText();
      if (!COMMIT.matcher(commit).matches()) {
        throw new ModelFileException(endpoint + " tells no commit of " + repository);
      }
      List<Remote> files = choose(listing, repository, parts.group(2));
      Path folder = into.resolve(repository.replace('/', '_') + "-" + commit.substring(0, 12));
      Files.createDirectories(folder);
      for (Remote file : files) {
        if (!Files.exists(folder.resolve(file.name()))) {
          download(client, repository + "/resolve/" + commit + "/" + file.name(), file, folder);
        }
      }
      return files.size() == 1 ? folder.resolve(files.getFirst().name()) : folder;
    } catch (IOException e) {
      throw new ModelFileException(
          "cannot fetch "
              + name
              + " from "
              + endpoint
              + ": "
              + reason(e)
              + "; without internet, give a path or a packaged model (./cocoon model list)",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ModelFileException("fetching " + name + " was interrupted; start it again", e);
    }
  }

  private static String reason(IOException e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private JsonNode listing(HttpClient client, String repository, String revision)
      throws IOException, InterruptedException {
    try (InputStream body =
        get(client, "api/models/" + repository + "/revision/" + revision + "?blobs=true")) {
      byte[] json = body.readNBytes(MAX_LISTING_BYTES);
      return JSON.readTree(json);
    }
  }

  private InputStream get(HttpClient client, String path) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(endpoint.resolve("/" + path)).timeout(TIMEOUT);
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    HttpResponse<InputStream> response =
        client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      response.body().close();
      String advice =
          switch (response.statusCode()) {
            case 401, 403 -> "it wants a token: accept the model's terms and set HF_TOKEN";
            case 404 -> "there is no such model, file or revision";
            default -> "try again later";
          };
      throw new ModelFileException(
          endpoint + " answers " + response.statusCode() + " for " + path + ": " + advice);
    }
    return response.body();
  }

  private static List<Remote> choose(JsonNode listing, String repository, @Nullable String only) {
    List<Remote> all = new ArrayList<>();
    for (JsonNode sibling : listing.path("siblings")) {
      JsonNode blob = sibling.path("lfs");
      all.add(
          new Remote(
              sibling.path("rfilename").asText(),
              sibling.path("size").asLong(0),
              blob.path("sha256").asText()));
    }
    if (only != null) {
      return List.of(
          all.stream()
              .filter(file -> file.name().equals(only))
              .findFirst()
              .orElseThrow(() -> new ModelFileException(repository + " has no file " + only)));
    }
    List<Remote> gguf = all.stream().filter(file -> file.name().endsWith(".gguf")).toList();
    if (gguf.size() == 1) {
      return gguf;
    }
    if (gguf.size() > 1) {
      String names = String.join(", ", gguf.stream().map(Remote::name).limit(20).toList());
      throw new ModelFileException(
          repository + " has many GGUF files; say which: " + repository + "/FILE, of " + names);
    }
    List<Remote> parts =
        all.stream().filter(file -> WANTED.matcher(file.name()).matches()).toList();
    if (parts.size() > MAX_FILES
        || parts.stream().noneMatch(file -> file.name().endsWith(".safetensors"))) {
      throw new ModelFileException(repository + " has neither GGUF nor safetensors files");
    }
    return parts;
  }

  private void download(HttpClient client, String path, Remote file, Path folder)
      throws IOException, InterruptedException {
    Path part = folder.resolve(file.name() + ".part");
    MessageDigest digest = ModelHash.sha256();
    try (InputStream body = new DigestInputStream(get(client, path), digest);
        OutputStream out = Files.newOutputStream(part);
        Progress progress = new Progress(messages, file.name(), file.bytes())) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long done = 0;
      for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
        out.write(buffer, 0, n);
        done += n;
        progress.accept(done);
        if (file.bytes() > 0 && done > file.bytes()) {
          throw new IOException(file.name() + " is longer than the hub said");
        }
      }
    }
    String sha256 = HexFormat.of().formatHex(digest.digest());
    if (!file.sha256().isEmpty() && !file.sha256().equals(sha256)) {
      Files.delete(part);
      throw new ModelFileException(
          file.name()
              + " is not what the hub said (wrong SHA-256); it was thrown away, so try"
              + " again");
    }
    Files.move(part, folder.resolve(file.name()), StandardCopyOption.ATOMIC_MOVE);
  }
}
