package org.cocoon.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.evidence.EvidenceVerifier;
import org.cocoon.link.evidence.PlatformTcb;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;
import org.cocoon.link.evidence.Verdict;
import org.cocoon.link.seal.StatementVerifier;
import org.cocoon.link.seal.StatementVerifier.Checked;
import org.cocoon.link.tls.PeerVerdict;
import org.cocoon.link.tls.PeerVerifier;
import org.cocoon.link.tls.Refusal;
import org.cocoon.link.wire.GroupKeyStatement;

/**
 * A live network's evidence, fetched from one of its routers and judged here: that of the router,
 * of the workers on its links, and of the key manager behind each model's group key.
 *
 * <p>Nothing is believed of the answers but what evidence proves. A router could leave workers out;
 * it cannot make one up.
 */
final class NetworkEvidence {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_BODY_BYTES = 4 << 20;

  /**
   * One node, and what came of its evidence.
   *
   * @param role router, worker or keys
   * @param name what it calls itself; of a key manager the model and its group key
   * @param trusted whether the policy accepts it
   * @param reason why not, or empty
   * @param detail what was found, or its image, platform and how long that holds
   * @param simulated whether a simulated TEE signed it
   */
  record Node(
      Role role, String name, boolean trusted, String reason, String detail, boolean simulated) {}

  private final URI router;
  private final Policy policy;
  private final CollateralSource collateral;
  private final InstantSource clock;

  /** What was refused in a handshake: of the router, once for each connection. */
  private final Queue<Refusal> refusals = new ConcurrentLinkedQueue<>();

  NetworkEvidence(URI router, Policy policy, CollateralSource collateral, InstantSource clock) {
    this.router = router;
    this.policy = policy;
    this.collateral = collateral;
    this.clock = clock;
  }

  /**
   * Fetches and judges. Of a router whose evidence is refused in the handshake nothing is fetched.
   *
   * @throws IOException a sentence, if the router cannot be asked
   */
  List<Node> judge() throws IOException, InterruptedException {
    try {
      return ask();
    } catch (IOException e) {
      Refusal refused = refusals.peek();
      if (refused == null) {
        throw e;
      }
      return List.of(
          new Node(
              Role.ROUTER,
              router.getAuthority(),
              false,
              refused.reason(),
              refused.detail(),
              refused.reason().startsWith("SIMULATED")));
    }
  }

  private List<Node> ask() throws IOException, InterruptedException {
    try (HttpClient http = client()) {
      Json answer = get(http, "/v1/attestation");
      List<Node> nodes = new ArrayList<>();
      nodes.add(node(Role.ROUTER, answer.at("router")));
      for (Json worker : answer.at("workers").items()) {
        nodes.add(node(Role.WORKER, worker));
      }
      for (Json model : get(http, "/v1/network").at("models").items()) {
        String name = model.at("name").text("");
        for (Json key : groupKeys(http, name)) {
          nodes.add(keyManager(name, key));
        }
      }
      return nodes;
    }
  }

  /** Over https the handshake itself is judged: only there is it sure who answers. */
  private HttpClient client() throws IOException {
    HttpClient.Builder builder =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE);
    if ("https".equalsIgnoreCase(router.getScheme())) {
      try {
        SSLContext tls = SSLContext.getInstance("TLSv1.3");
        tls.init(null, new TrustManager[] {expecting(Role.ROUTER)}, null);
        builder.sslContext(tls);
      } catch (GeneralSecurityException e) {
        throw new IOException("this JDK has no TLS 1.3", e);
      }
    }
    return builder.build();
  }

  private PeerVerifier expecting(Role role) {
    return new PeerVerifier(
        role, new EvidenceVerifier(policy, collateral), clock, 0, refusals::add);
  }

  private List<Json> groupKeys(HttpClient http, String model)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        send(http, "/v1/group-keys?model=" + URLEncoder.encode(model, StandardCharsets.UTF_8));
    // No worker of this model opens sealed prompts, or none just now: then nothing is to be judged.
    return response.statusCode() == 200 ? body(response).at("data").items() : List.of();
  }

  private Json get(HttpClient http, String path) throws IOException, InterruptedException {
    HttpResponse<InputStream> response = send(http, path);
    if (response.statusCode() != 200) {
      throw new IOException(
          router + path + " answered " + response.statusCode() + ": is it a router of Cocoon?");
    }
    return body(response);
  }

  private HttpResponse<InputStream> send(HttpClient http, String path)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(router.resolve(path)).timeout(PATIENCE).GET().build();
    try {
      return http.send(request, BodyHandlers.ofInputStream());
    } catch (IOException e) {
      throw new IOException("cannot ask " + router + ": " + rootMessage(e), e);
    }
  }

  private static String rootMessage(Throwable fault) {
    Throwable cause = fault;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    if (cause instanceof ConnectException || cause instanceof ClosedChannelException) {
      return "nothing answers there";
    }
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }

  private static Json body(HttpResponse<InputStream> response) throws IOException {
    try (InputStream in = response.body()) {
      byte[] bytes = in.readNBytes(MAX_BODY_BYTES);
      return Json.parse(bytes, bytes.length);
    }
  }

  // ------------------------------------------------------------------ judging

  private Node node(Role role, Json described) {
    String name = described.at("name").text("?");
    PeerVerdict verdict;
    try {
      verdict = expecting(role).check(certificate(described.at("certificate").text("")));
    } catch (CertificateException | IllegalArgumentException e) {
      verdict = new PeerVerdict.Refused("MALFORMED_CERTIFICATE", String.valueOf(e.getMessage()));
    }
    return switch (verdict) {
      case PeerVerdict.Accepted accepted -> trusted(role, name, accepted.verdict());
      case PeerVerdict.Refused refused ->
          new Node(role, name, false, refused.reason(), refused.detail(), false);
    };
  }

  private static Certificate certificate(String base64) throws CertificateException {
    byte[] der = Base64.getDecoder().decode(base64);
    return CertificateFactory.getInstance("X.509")
        .generateCertificate(new ByteArrayInputStream(der));
  }

  private Node keyManager(String model, Json key) {
    String name = model + " " + key.at("key_id").text("?");
    Checked checked;
    try {
      byte[] bytes = Base64.getDecoder().decode(key.at("statement").text(""));
      checked =
          new StatementVerifier(expecting(Role.KEYS), clock)
              .verify(GroupKeyStatement.parseFrom(bytes), model);
    } catch (IOException | IllegalArgumentException e) {
      checked = new Checked.Refused("MALFORMED_STATEMENT", String.valueOf(e.getMessage()));
    }
    return switch (checked) {
      case Checked.Good good -> trusted(Role.KEYS, name, good.evidence());
      case Checked.Refused refused ->
          new Node(Role.KEYS, name, false, refused.reason(), refused.detail(), false);
    };
  }

  private static Node trusted(Role role, String name, Verdict.Trusted verdict) {
    String tcb =
        switch (verdict.tcb()) {
          case PlatformTcb.NotChecked _ -> "platform not checked";
          case PlatformTcb.Checked checked -> "platform " + checked.status().word();
        };
    String detail =
        "image " + verdict.imageHash() + ", " + tcb + ", evidence until " + verdict.notAfter();
    return new Node(role, name, true, "", detail, verdict.simulated());
  }
}
