package org.cocoon.router.edge;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.cocoon.contracts.NanoTon;
import org.cocoon.link.openai.AnswerFormat;
import org.cocoon.link.openai.BadRequestException;
import org.cocoon.link.openai.Fields;
import org.cocoon.link.openai.ParsedRequest;
import org.cocoon.link.openai.RequestParser;
import org.cocoon.link.openai.ToolCallReader;
import org.cocoon.link.openai.Utf8Json;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.TokenLogprob;
import org.cocoon.router.ledger.Ledger.Account;
import org.cocoon.router.path.Exchange;
import org.cocoon.router.path.RequestPath;
import org.cocoon.router.request.Answer;
import org.cocoon.router.request.Completion;
import org.cocoon.router.request.InferenceRequest;
import org.cocoon.router.request.Refusal;
import org.cocoon.router.request.Refusal.Kind;
import org.jspecify.annotations.Nullable;

/**
 * Many chats on one WebSocket (RFC 6455), subprotocol {@value #SUBPROTOCOL}: JSON text frames,
 * submit and cancel up, accepted, delta or sealed, done and error down; where several answers were
 * asked for, frames say which. What the client has running ends with its socket.
 */
final class WebSocketEdge {
  static final String SUBPROTOCOL = "cocoon.v1";
  static final int MAX_IN_FLIGHT = 1_024;
  private static final int MAX_ID = 128;
  private static final int TOO_BIG = 1009;
  private static final int BAD_FRAME = 4400;
  private static final int SLOW = 4408;
  private static final long HEARTBEAT_MILLIS = TimeUnit.SECONDS.toMillis(20);
  private static final int MISSED_HEARTBEATS = 2;

  private final Vertx vertx;
  private final RequestPath path;
  private final Callers callers;
  private final VoucherDesk vouchers;
  private final RequestParser parser;
  private final TurnFlusher flusher;

  WebSocketEdge(
      Vertx vertx,
      RequestPath path,
      Callers callers,
      VoucherDesk vouchers,
      RequestParser parser,
      TurnFlusher flusher) {
    this.vertx = vertx;
    this.path = path;
    this.callers = callers;
    this.vouchers = vouchers;
    this.parser = parser;
    this.flusher = flusher;
  }

  void upgrade(RoutingContext ctx) {
    String upgrade = ctx.request().getHeader("upgrade");
    if (!"websocket".equalsIgnoreCase(upgrade)) {
      HttpReplies.refuse(
          ctx.response(),
          Refusal.of(Kind.BAD_REQUEST, "This path takes WebSocket upgrades only (RFC 6455)."));
      return;
    }
    ctx.request().pause();
    callers
        .authenticate(ctx.request())
        .onSuccess(
            account ->
                ctx.request()
                    .toWebSocket()
                    .onSuccess(socket -> new Session(account, socket).begin()))
        .onFailure(
            fault -> {
              ctx.request().resume();
              HttpReplies.refuse(ctx.response(), Callers.refusal(fault, Callers.id(ctx)));
            });
  }

  /** One socket. */
  private final class Session {
    private final Account account;
    private final ServerWebSocket socket;
    private final Map<String, Chat> chats = new HashMap<>();
    private long timer;
    private int unanswered;

    Session(Account account, ServerWebSocket socket) {
      this.account = account;
      this.socket = socket;
    }

    void begin() {
      socket.textMessageHandler(
          text -> {
            heard(text);
            if (socket.writeQueueFull()) {
              socket.pause(); // who does not read what it is told may not go on asking
            }
          });
      socket.binaryMessageHandler(ignored -> bad("frames are JSON text"));
      socket.pongHandler(ignored -> unanswered = 0);
      socket.drainHandler(ignored -> drained());
      socket.exceptionHandler(ignored -> unreadable());
      socket.closeHandler(ignored -> over());
      timer = vertx.setPeriodic(HEARTBEAT_MILLIS, ignored -> beat());
      socket.resume();
      send(
          "{\"type\":\"welcome\",\"session\":\"%s\",\"maxInFlight\":%d,\"replayTtlMs\":0,\"heartbeatMs\":%d}"
              .formatted(RequestIds.next(), MAX_IN_FLIGHT, HEARTBEAT_MILLIS));
    }

    private void drained() {
      socket.resume();
      List.copyOf(chats.values()).forEach(Chat::resume);
    }

    private void beat() {
      if (unanswered++ >= MISSED_HEARTBEATS) {
        socket.close((short) SLOW, "no pong");
      } else {
        socket.writeFrame(WebSocketFrame.pingFrame(Buffer.buffer("cocoon")));
      }
    }

    private void over() {
      vertx.cancelTimer(timer);
      List<Chat> open = List.copyOf(chats.values());
      chats.clear();
      open.forEach(Chat::cancel);
    }

    /** What cannot be read, such as a message over the limit, ends the socket and what it runs. */
    private void unreadable() {
      if (!socket.isClosed()) {
        socket.close((short) TOO_BIG, "this message cannot be read, or is too long");
      }
    }

    private void bad(String why) {
      socket.close((short) BAD_FRAME, why);
    }

    void send(String json) {
      if (!socket.isClosed()) {
        socket.writeTextMessage(json);
      }
    }

    private void heard(String text) {
      unanswered = 0;
      Fields frame;
      String type;
      String id;
      try {
        frame = Fields.parse(text.getBytes(StandardCharsets.UTF_8));
        type = frame.string("type", 32);
        id = frame.string("id", MAX_ID);
      } catch (BadRequestException e) {
        error(null, Refusal.of(e), 0);
        return;
      }
      switch (type == null ? "" : type) {
        case "hello" -> {}
        case "submit" -> submit(frame, id);
        case "cancel" -> {
          Chat chat = id == null ? null : chats.get(id);
          if (chat != null) {
            chat.cancel();
          }
        }
        default ->
            error(
                id,
                Refusal.ofParam(
                    Kind.BAD_REQUEST, "type", "'type' must be hello, submit or cancel."),
                0);
      }
    }

    private void submit(Fields frame, @Nullable String id) {
      if (id == null || id.isEmpty()) {
        error(
            null,
            Refusal.ofParam(
                Kind.BAD_REQUEST,
                "id",
                "'id' must be a string of 1 to %d characters.".formatted(MAX_ID)),
            0);
        return;
      }
      if (chats.containsKey(id)) {
        error(id, Refusal.ofParam(Kind.BAD_REQUEST, "id", "This id is already running."), 0);
        return;
      }
      if (chats.size() >= MAX_IN_FLIGHT) {
        error(
            id,
            Refusal.retry(
                Kind.TOO_MANY_IN_FLIGHT,
                1,
                "One socket runs at most %d chats.".formatted(MAX_IN_FLIGHT)),
            0);
        return;
      }
      ParsedRequest parsed;
      InferenceRequest request;
      String voucher;
      try {
        voucher = frame.string("voucher", VoucherDesk.MAX_CHARS);
        JsonNode body = frame.node("body");
        if (body == null) {
          throw frame.wrong("body", "a chat-completions body");
        }
        long deadlineMillis = frame.integer("deadlineMs", 1, 3_600_000, 0);
        long seed = ThreadLocalRandom.current().nextLong();
        parsed = parser.chat(Fields.of(body, "body"), seed);
        request = InferenceRequest.of(RequestIds.next(), account, parsed);
        if (deadlineMillis > 0) {
          request = request.withTimeout(deadlineMillis);
        }
      } catch (BadRequestException e) {
        error(id, Refusal.of(e), 0);
        return;
      }
      Chat chat = new Chat(this, id, request.id(), parsed);
      chats.put(id, chat);
      if (voucher == null) {
        chat.begin(request);
        return;
      }
      InferenceRequest asked = request;
      vouchers
          .accept(account, voucher, "voucher")
          .onSuccess(ignored -> chat.begin(asked))
          .onFailure(fault -> chat.refused(Callers.refusal(fault, asked.id())));
    }

    void error(@Nullable String id, Refusal refusal, long billedTokens) {
      ErrorTable.Row row = ErrorTable.row(refusal.kind());
      send(
          "{\"type\":\"error\",\"id\":%s,\"code\":%s,\"status\":%d,\"message\":%s,\"param\":%s,\"retryAfterMs\":%d,\"billed\":%d}"
              .formatted(
                  Utf8Json.quoted(id),
                  Utf8Json.quoted(row.code()),
                  row.status(),
                  Utf8Json.quoted(refusal.message()),
                  Utf8Json.quoted(refusal.param()),
                  refusal.retryAfterSeconds() * 1000L,
                  billedTokens));
    }
  }

  /** One chat on a socket. */
  private final class Chat implements Answer {
    private final Session session;
    private final String id;
    private final UUID request;
    private final List<Part> parts = new ArrayList<>();
    private @Nullable Exchange exchange;
    private boolean flushAsked;
    private long seq;
    private long tokens;

    Chat(Session session, String id, UUID request, ParsedRequest parsed) {
      this.session = session;
      this.id = id;
      this.request = request;
      for (int choice = 0; choice < parsed.choices(); choice++) {
        // Frames of the only answer to a request do not say which it is.
        String which = parsed.choices() == 1 ? "" : ",\"choice\":" + choice;
        parts.add(new Part(this, which, parsed.toolCalls()));
      }
    }

    /** Submits it, unless it was cancelled while its voucher was looked at. */
    void begin(InferenceRequest asked) {
      if (session.chats.get(id) == this) {
        exchange = path.submit(asked, this);
      }
    }

    @Override
    public void held(NanoTon hold) {
      session.send(
          "{\"type\":\"accepted\",\"id\":%s,\"request\":\"%s\",\"hold_nanoton\":%d}"
              .formatted(Utf8Json.quoted(id), request, hold.nanos()));
    }

    @Override
    public void text(int choice, byte[] text, int count, List<TokenLogprob> logprobs) {
      tokens += count;
      parts.get(choice).feed(text);
    }

    void flushLater() {
      if (!flushAsked) {
        flushAsked = true;
        flusher.later(this::flush);
      }
    }

    /** The beginning of a frame of this chat, with the next number. */
    private String frame(String type, String which) {
      return "{\"type\":\"%s\",\"id\":%s%s,\"seq\":%d"
          .formatted(type, Utf8Json.quoted(id), which, ++seq);
    }

    @Override
    public void sealed(byte[] chunk, int count) {
      tokens += count;
      session.send(
          "{\"type\":\"sealed\",\"id\":%s,\"seq\":%d,\"sealed\":\"%s\",\"tokens\":%d}"
              .formatted(
                  Utf8Json.quoted(id), ++seq, Base64.getEncoder().encodeToString(chunk), count));
    }

    private void flush() {
      flushAsked = false;
      if (!session.socket.isClosed()) {
        parts.forEach(Part::flush);
      }
    }

    @Override
    public void ended(int choice, FinishReason finish) {
      Part part = parts.get(choice);
      part.finish();
      session.send(
          "%s,\"finish\":\"%s\"}".formatted(frame("choice_done", part.which), part.word(finish)));
    }

    @Override
    public void finished(Completion completion) {
      parts.forEach(Part::finish);
      List<String> words = new ArrayList<>();
      for (Part part : parts) {
        words.add('"' + part.word(completion.finishes().get(words.size())) + '"');
      }
      session.send(
          "%s,\"finish\":%s%s,\"request\":\"%s\",\"usage\":%s,\"receipt\":\"%s\"}"
              .formatted(
                  frame("done", ""),
                  words.getFirst(),
                  words.size() == 1 ? "" : ",\"finishes\":" + words,
                  request,
                  UsageJson.of(completion),
                  completion.receipt().toText()));
      session.chats.remove(id, this);
    }

    @Override
    public void refused(Refusal refusal) {
      flush();
      if (session.chats.remove(id, this)) {
        session.error(id, refusal, tokens);
      }
    }

    @Override
    public boolean writable() {
      return !session.socket.writeQueueFull();
    }

    /** Stops it; the client is told done with what it got, so that it knows the id is free. */
    void cancel() {
      Exchange running = exchange;
      session.chats.remove(id, this);
      if (running != null) {
        running.cancel();
      }
      flush();
      session.send(
          "{\"type\":\"done\",\"id\":%s,\"seq\":%d,\"finish\":\"cancelled\",\"request\":\"%s\",\"usage\":{\"completion_tokens\":%d},\"receipt\":null}"
              .formatted(Utf8Json.quoted(id), ++seq, request, tokens));
    }

    void resume() {
      Exchange running = exchange;
      if (running != null) {
        running.resume();
      }
    }
  }

  /** One of a chat's answers: text that waits for this turn's end, and what finds its calls. */
  private static final class Part implements ToolCallReader.Sink {
    private final Chat chat;
    private final String which;
    private final byte[] deltaHead;
    private final @Nullable ToolCallReader calls;
    private Buffer pending = Buffer.buffer();
    private boolean over;

    Part(Chat chat, String which, @Nullable ToolCallReader calls) {
      this.chat = chat;
      this.which = which;
      this.calls = calls;
      String head = "{\"type\":\"delta\",\"id\":" + Utf8Json.quoted(chat.id) + which + ",\"seq\":";
      deltaHead = head.getBytes(StandardCharsets.UTF_8);
    }

    void feed(byte[] text) {
      if (calls != null) {
        calls.feed(text, this);
      } else if (text.length > 0) {
        text(text);
      }
    }

    @Override
    public void text(byte[] text) {
      pending.appendBytes(text);
      chat.flushLater();
    }

    @Override
    public void call(int index, String name, String arguments) {
      flush();
      chat.session.send(
          "%s,\"index\":%d,\"name\":%s,\"arguments\":%s}"
              .formatted(
                  chat.frame("tool_call", which),
                  index,
                  Utf8Json.quoted(name),
                  Utf8Json.quoted(arguments)));
    }

    void flush() {
      if (pending.length() == 0) {
        return;
      }
      Buffer frame = Buffer.buffer(deltaHead.length + pending.length() + 64);
      frame
          .appendBytes(deltaHead)
          .appendString(Long.toString(++chat.seq))
          .appendString(",\"text\":\"");
      Utf8Json.escaped(frame, pending.getBytes());
      frame.appendString("\"}");
      pending = Buffer.buffer();
      chat.session.send(frame.toString(StandardCharsets.UTF_8));
    }

    /** All its text is there; tells what is left of it, once. */
    void finish() {
      if (calls != null && !over) {
        calls.finish(this);
      }
      over = true;
      flush();
    }

    String word(FinishReason finish) {
      return AnswerFormat.finish(finish, calls);
    }
  }
}
