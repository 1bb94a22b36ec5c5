package org.cocoon.router.path;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.cocoon.link.wire.Cancel;
import org.cocoon.link.wire.Continuation;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.Grant;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.PrivateTokens;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.Tokens;
import org.cocoon.router.fleet.Worker;
import org.cocoon.router.relay.Relay;
import org.jspecify.annotations.Nullable;

/** What is at the other end of a worker's link: an engine that answers by script, or a liar. */
final class ModelWorker {
  /** Of all workers, so that every answer has one right length. */
  static final int CONTEXT = 1500;

  /** The longest answer: a prompt has at least one token. */
  static final int LONGEST = CONTEXT - 1;

  /** One run there. */
  private static final class Generation {
    final Script.Text answer;
    final Script script;
    final long run;
    final int most;
    int position;
    int textSent;
    int credit;
    boolean cancelled;

    Generation(Script script, Run run) {
      this.script = script;
      this.answer = script.answer(run.getSampling().getSeed());
      this.run = run.getRun();
      this.most = Math.min(answer.length, Math.min(run.getMaxTokens(), LONGEST));
      this.credit = run.getCredit();
      Continuation before = run.getContinuation();
      this.position = before.getIdsCount();
      this.textSent = before.getTextBytes();
      for (ByteString chunk : before.getSealedList()) {
        position += open(chunk).getIdsCount();
        textSent += open(chunk).getText().size();
      }
    }
  }

  private final Random random;
  private final Map<String, Script> scripts;
  private final boolean opensSealed;
  private final Map<Long, Generation> generations = new LinkedHashMap<>();
  private @Nullable Worker worker;

  ModelWorker(Random random, boolean opensSealed, Map<String, Script> scripts) {
    this.random = random;
    this.opensSealed = opensSealed;
    this.scripts = scripts;
  }

  void attached(Worker made) {
    worker = made;
  }

  Worker worker() {
    return Objects.requireNonNull(worker, "attached");
  }

  int running() {
    return generations.size();
  }

  /** What is in a chunk; sealing is the seal package's concern, so here it hides nothing. */
  static PrivateTokens open(ByteString chunk) {
    try {
      return PrivateTokens.parseFrom(chunk);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("a chunk came changed", e);
    }
  }

  private static ByteString chunk(int size) {
    return ByteString.copyFrom(new byte[size]);
  }

  private static Tokens sealed(long run, Tokens tokens) {
    PrivateTokens inside =
        PrivateTokens.newBuilder()
            .addAllIds(tokens.getIdsList())
            .setText(tokens.getText())
            .setPadding(ByteString.copyFrom(new byte[16]))
            .build();
    return Tokens.newBuilder()
        .setRun(run)
        .setSealed(inside.toByteString())
        .setSealedCount(tokens.getIdsCount())
        .build();
  }

  /** Takes what the router sent, and checks it. */
  void take(FromRouter message) {
    for (Run run : message.getRunList()) {
      Script script = Objects.requireNonNull(scripts.get(run.getRequestId()));
      assertEquals(Relay.WINDOW, run.getCredit());
      assertTrue(run.getMaxTokens() > 0 && run.getMaxTokens() <= CONTEXT);
      Generation generation = new Generation(script, run);
      Continuation before = run.getContinuation();
      assertTrue(before.getIdsCount() <= generation.most, "continues more than there is");
      for (int i = 0; i < before.getIdsCount(); i++) {
        assertEquals(generation.answer.id(i), before.getIds(i), "continues another answer");
      }
      assertTrue(before.getTextBytes() <= generation.answer.textBytes(before.getIdsCount()));
      boolean sealed = script.request.sealed();
      assertEquals(sealed, run.hasSealed());
      assertTrue(!sealed || opensSealed, "sealed to a worker that opens nothing");
      assertTrue(sealed ? before.getIdsCount() == 0 : before.getSealedCount() == 0);
      int at = 0;
      for (ByteString chunk : before.getSealedList()) {
        for (int id : open(chunk).getIdsList()) {
          assertEquals(generation.answer.id(at++), id, "continues another sealed answer");
        }
      }
      assertNull(generations.put(run.getRun(), generation), "a run's number came twice");
    }
    for (Grant grant : message.getGrantList()) {
      Generation generation = generations.get(grant.getRun());
      if (generation != null) {
        generation.credit += grant.getTokens();
        assertTrue(generation.credit <= Relay.WINDOW, "more credit than the window");
      }
    }
    for (Cancel cancel : message.getCancelList()) {
      Generation generation = generations.get(cancel.getRun());
      if (generation != null) {
        generation.cancelled = true;
      }
    }
  }

  // ------------------------------------------------------------------ what an honest one says

  /** One step over all generations, of up to so many tokens each. */
  FromWorker step(int most) {
    FromWorker.Builder message = FromWorker.newBuilder();
    for (Generation generation : List.copyOf(generations.values())) {
      if (generation.cancelled) {
        end(message, generation, FinishReason.FINISH_CANCELLED);
        continue;
      }
      int fresh =
          Math.min(most, Math.min(generation.credit, generation.most - generation.position));
      boolean last = generation.position + fresh >= generation.most;
      if (fresh > 0) {
        message.addTokens(tokens(generation, fresh, last ? 0 : random.nextInt(3)));
      }
      if (last && random.nextBoolean()) {
        end(message, generation, FinishReason.FINISH_LENGTH);
      }
    }
    return message.setLoad(load()).build();
  }

  private Tokens tokens(Generation generation, int fresh, int textLag) {
    Tokens.Builder tokens = Tokens.newBuilder().setRun(generation.run);
    for (int i = 0; i < fresh; i++) {
      tokens.addIds(generation.answer.id(generation.position++));
    }
    generation.credit -= fresh;
    Tokens plain = tokens.setText(text(generation, textLag)).build();
    return generation.script.request.sealed() ? sealed(generation.run, plain) : plain;
  }

  private static ByteString text(Generation generation, int textLag) {
    int end = generation.answer.textBytes(Math.max(generation.position - textLag, 0));
    if (end <= generation.textSent) {
      return ByteString.EMPTY;
    }
    ByteString fresh = ByteString.copyFrom(generation.answer.text(generation.textSent, end));
    generation.textSent = end;
    return fresh;
  }

  private void end(FromWorker.Builder message, Generation generation, FinishReason reason) {
    ByteString rest = text(generation, 0);
    Tokens last = Tokens.newBuilder().setRun(generation.run).setText(rest).build();
    if (generation.script.request.sealed()) {
      message.addTokens(sealed(generation.run, last)); // marks the end, though it may be empty
    } else if (!rest.isEmpty()) {
      message.addTokens(last);
    }
    message.addDone(
        Done.newBuilder()
            .setRun(generation.run)
            .setFinish(reason)
            .setPromptTokens(generation.script.promptTokens)
            .setCachedPromptTokens(generation.script.promptTokens / 2));
    generations.remove(generation.run);
  }

  private LoadReport load() {
    return LoadReport.newBuilder()
        .setRunning(generations.size())
        .setDispatchedSeen(Long.MAX_VALUE)
        .build();
  }

  // ------------------------------------------------------------------ what goes wrong

  /** Fails one generation. */
  FromWorker fail() {
    Generation generation = any();
    if (generation == null) {
      return FromWorker.getDefaultInstance();
    }
    generations.remove(generation.run);
    FailureCode[] codes = FailureCode.values();
    int code = random.nextInt(codes.length);
    return FromWorker.newBuilder()
        .addFailed(
            Failed.newBuilder()
                .setRun(generation.run)
                .setCodeValue(
                    codes[code] == FailureCode.UNRECOGNIZED ? 99 : codes[code].getNumber())
                .setMessage("it failed"))
        .build();
  }

  private @Nullable Generation any() {
    if (generations.isEmpty()) {
      return null;
    }
    return new ArrayList<>(generations.values()).get(random.nextInt(generations.size()));
  }

  /** Breaks the protocol in one of many ways; whatever it says must do no harm. */
  FromWorker lie() {
    Generation generation = any();
    long run = generation == null ? 1L << 41 : generation.run;
    Tokens.Builder tokens = Tokens.newBuilder().setRun(run);
    FromWorker.Builder message = FromWorker.newBuilder();
    switch (random.nextInt(13)) {
      case 0 -> { // beyond its credit
        for (int i = 0; i < Relay.WINDOW + 1; i++) {
          tokens.addIds(7);
        }
        message.addTokens(tokens);
      }
      case 1 -> message.addTokens(tokens.addIds(7).setText(ByteString.fromHex("c328")));
      case 2 -> message.addTokens(tokens.addIds(7).setText(ByteString.copyFrom(new byte[2 << 20])));
      case 3 ->
          message.addDone(Done.newBuilder().setRun(run).setFinishValue(random.nextInt(2) * 3));
      case 4 -> message.addTokens(Tokens.newBuilder().setRun(1L << 40).addIds(7));
      case 5 -> message.addDone(Done.newBuilder().setRun(-1).setFinish(FinishReason.FINISH_STOP));
      case 6 ->
          message.setLoad(
              LoadReport.newBuilder().setRunning(random.nextInt()).setQueued(random.nextInt()));
      case 7 -> message.addTokens(tokens.addIds(7).setSealed(chunk(40)).setSealedCount(1));
      case 8 -> message.addTokens(tokens.setSealed(chunk(2 << 20)).setSealedCount(1));
      case 9 -> message.addTokens(tokens.setSealed(chunk(40)).setSealedCount(Relay.WINDOW + 1));
      case 10 -> message.addTokens(tokens.setSealed(chunk(40)).setSealedCount(-1));
      case 11 -> message.addTokens(tokens.setSealedCount(1)); // tokens in no chunk
      default -> {
        if (generation != null && generation.position == generation.most) {
          message // absurd figures at an end that is right
              .addTokens(tokens(generation, 0, 0))
              .addDone(
                  Done.newBuilder()
                      .setRun(run)
                      .setFinish(FinishReason.FINISH_LENGTH)
                      .setPromptTokens(-1)
                      .setCachedPromptTokens(Integer.MIN_VALUE))
              .addDone(Done.newBuilder().setRun(run).setFinish(FinishReason.FINISH_LENGTH));
        }
      }
    }
    // The router is to give up on what was lied about.
    message.getTokensList().forEach(one -> generations.remove(one.getRun()));
    message.getDoneList().forEach(one -> generations.remove(one.getRun()));
    return message.build();
  }
}
