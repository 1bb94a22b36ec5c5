package org.cocoon.client.attested;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.cocoon.client.ChatRequest;
import org.cocoon.client.pay.Payment;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.evidence.CollateralSource;
import org.cocoon.link.openai.BadRequestException;
import org.cocoon.link.openai.Fields;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.openai.RequestParser;
import org.cocoon.link.registry.RegistryFeed;
import org.cocoon.link.registry.RegistryOptions;
import org.cocoon.link.wire.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * A client whose prompts only attested workers can read.
 *
 * <pre>{@code
 * try (SealedClient client =
 *     SealedClient.builder()
 *         .router(URI.create("https://router.example:8444"))
 *         .policy(Path.of("policy.json"))
 *         .key(System.getenv("OPENAI_API_KEY"))
 *         .open()) {
 *   client.chat(request, System.out::print).join();
 * }
 * }</pre>
 *
 * <p>Calls return at once, from any thread. A future fails with a {@link SealedException}; a future
 * that is cancelled stops the generation. Text comes on the client's own event loop, which must not
 * be held up.
 */
public final class SealedClient implements AutoCloseable {
  private static final int MAX_STREAMS = 256;
  private static final long CLOSE_SECONDS = 2;

  private final Vertx vertx;
  private final Context loop;
  private final SealedSession session;
  private final Optional<String> key;
  private final @Nullable RegistryFeed registry;
  private final RequestParser parser = new RequestParser(false);

  private SealedClient(
      Vertx vertx,
      Context loop,
      SealedSession session,
      Optional<String> key,
      @Nullable RegistryFeed registry) {
    this.vertx = vertx;
    this.loop = loop;
    this.session = session;
    this.key = key;
    this.registry = registry;
  }

  /** Says what a client needs. */
  public static Builder builder() {
    return new Builder();
  }

  /** What a client needs: a router and a policy. */
  public static final class Builder {
    private @Nullable URI router;
    private @Nullable PolicyPlace policy;
    private @Nullable RegistryOptions registry;
    private Optional<String> key = Optional.empty();
    private CollateralSource collateral = CollateralSource.NONE;
    private InstantSource clock = InstantSource.system();
    private Optional<Payment> payment = Optional.empty();

    private Builder() {}

    /** {@code https://host:port} of a router's attested API. */
    public Builder router(URI address) {
      this.router = address;
      return this;
    }

    /** The file that says whose evidence is accepted; read again whenever it changes. */
    public Builder policy(Path file) {
      this.policy = new PolicyPlace.File(file);
      return this;
    }

    /**
     * The registry that says whose evidence is accepted, and, where no router is named, which
     * routers there are; asked again and again.
     */
    public Builder registry(RegistryOptions options) {
      this.registry = options;
      return this;
    }

    /** The API key; none if it is null or empty. */
    public Builder key(@Nullable String apiKey) {
      this.key = apiKey == null || apiKey.isBlank() ? Optional.empty() : Optional.of(apiKey);
      return this;
    }

    /** By which platforms are checked, where the policy wants that; without it there is none. */
    public Builder collateral(CollateralSource source) {
      this.collateral = source;
      return this;
    }

    /**
     * Has each request paid by a voucher of its own, signed with this key, and each receipt checked
     * against it.
     *
     * @param voucherKey file of the channel's voucher key; the book of vouchers is kept beside it
     * @param budget the most that may be promised over the channel's life
     */
    public Builder vouchers(Path voucherKey, NanoTon budget) {
      this.payment = Optional.of(new Payment(voucherKey, budget));
      return this;
    }

    /** Another clock than the system's. */
    public Builder clock(InstantSource instants) {
      this.clock = instants;
      return this;
    }

    /**
     * Opens the client; it connects at the first call. Blocks for up to ten seconds where a
     * registry is asked.
     *
     * @throws IOException a sentence, if the policy cannot be read
     * @throws IllegalArgumentException if the address is no https address, or not one policy was
     *     named
     */
    public SealedClient open() throws IOException {
      RegistryOptions chain = registry;
      if ((chain == null) == (policy == null)) {
        throw new IllegalArgumentException("a client needs a policy or a registry, and not both");
      }
      if (chain == null) {
        URI named = Objects.requireNonNull(router, "router");
        return open(
            new RouterChoice(named, Optional.empty()), Objects.requireNonNull(policy), null);
      }
      RegistryFeed feed = RegistryFeed.open(chain, clock);
      try {
        URI named = router;
        RouterChoice choice =
            named == null
                ? RouterChoice.of(feed, ThreadLocalRandom.current())
                : RouterChoice.named(feed, named);
        return open(choice, new PolicyPlace.Registry(feed), feed);
      } catch (IOException | RuntimeException e) {
        feed.close();
        throw e;
      }
    }

    private SealedClient open(RouterChoice choice, PolicyPlace place, @Nullable RegistryFeed feed)
        throws IOException {
      SealedSession.Options options =
          new SealedSession.Options(
              choice.address(), place, collateral, clock, MAX_STREAMS, choice.key(), payment);
      Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
      Context loop = vertx.getOrCreateContext();
      CompletableFuture<SealedSession> opened = new CompletableFuture<>();
      loop.runOnContext(
          _ -> {
            try {
              opened.complete(SealedSession.open(vertx, options));
            } catch (IOException | RuntimeException e) {
              opened.completeExceptionally(e);
            }
          });
      try {
        return new SealedClient(vertx, loop, opened.join(), key, feed);
      } catch (CompletionException e) {
        vertx.close();
        if (e.getCause() instanceof IOException unreadable) {
          throw unreadable;
        }
        throw e;
      }
    }
  }

  /** A whole answer. */
  public record Answer(String text, SealedEnd end) {}

  /**
   * Has a conversation continued.
   *
   * @param onText takes each piece of text as it comes
   */
  public CompletableFuture<Answer> chat(ChatRequest request, Consumer<String> onText) {
    CompletableFuture<Answer> answer = new CompletableFuture<>();
    ParsedRequest parsed;
    try {
      Fields fields = Fields.parse(request.toJson().getBytes(UTF_8));
      parsed = parser.chat(fields, ThreadLocalRandom.current().nextLong());
    } catch (BadRequestException e) {
      answer.completeExceptionally(new SealedException(Failure.badRequest(e)));
      return answer;
    }
    loop.runOnContext(
        _ -> {
          SealedCall call = session.ask(parsed, key, new Collector(answer, onText));
          CompletableFuture<Answer> _ =
              answer.whenComplete((_, _) -> loop.runOnContext(_ -> call.cancel()));
        });
    return answer;
  }

  private static final class Collector implements AnswerListener {
    private final StringBuilder text = new StringBuilder();
    private final CompletableFuture<Answer> answer;
    private final Consumer<String> onText;

    Collector(CompletableFuture<Answer> answer, Consumer<String> onText) {
      this.answer = answer;
      this.onText = onText;
    }

    @Override
    public void accepted(String requestId) {
      // The receipt names the request, too.
    }

    @Override
    public void text(byte[] more, List<TokenLogprob> logprobs) {
      if (more.length > 0) {
        String piece = new String(more, UTF_8);
        text.append(piece);
        onText.accept(piece);
      }
    }

    @Override
    public void finished(SealedEnd end) {
      answer.complete(new Answer(text.toString(), end));
    }

    @Override
    public void failed(Failure failure) {
      answer.completeExceptionally(new SealedException(failure));
    }
  }

  /** Names of the models that can be asked, in the router's order. */
  public CompletableFuture<List<String>> models() {
    CompletableFuture<List<String>> models = new CompletableFuture<>();
    loop.runOnContext(
        _ ->
            session
                .get("/v1/models", key)
                .map(SealedClient::names)
                .onSuccess(models::complete)
                .onFailure(models::completeExceptionally));
    return models;
  }

  private static List<String> names(RouterReply reply) {
    if (!reply.ok()) {
      throw new SealedException(reply.failure());
    }
    List<String> names = new ArrayList<>();
    for (JsonNode model : RouterReply.parse(reply.body()).path("data")) {
      names.add(model.path("id").asText());
    }
    return names;
  }

  /** The last receipt that held, in the form of routers; empty before the first. */
  public CompletableFuture<String> lastReceipt() {
    CompletableFuture<String> receipt = new CompletableFuture<>();
    loop.runOnContext(_ -> receipt.complete(session.lastReceipt()));
    return receipt;
  }

  /** What was verified so far. */
  public CompletableFuture<Attestation> attestation() {
    CompletableFuture<Attestation> attestation = new CompletableFuture<>();
    loop.runOnContext(_ -> attestation.complete(session.attestation()));
    return attestation;
  }

  /** Ends what runs and closes the connections; waits up to two seconds. */
  @Override
  public void close() {
    if (registry != null) {
      registry.close();
    }
    CompletableFuture<Void> closed = new CompletableFuture<>();
    loop.runOnContext(
        _ ->
            session
                .close(Failure.unreachable("The client was closed."))
                .eventually(vertx::close)
                .onComplete(_ -> closed.complete(null)));
    try {
      closed.get(CLOSE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the client does not close", e);
    }
  }
}
