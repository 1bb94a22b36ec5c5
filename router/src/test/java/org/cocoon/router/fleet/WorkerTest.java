package org.cocoon.router.fleet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.cocoon.link.wire.Done;
import org.cocoon.link.wire.Failed;
import org.cocoon.link.wire.FailureCode;
import org.cocoon.link.wire.FinishReason;
import org.cocoon.link.wire.FromRouter;
import org.cocoon.link.wire.FromWorker;
import org.cocoon.link.wire.LoadReport;
import org.cocoon.link.wire.Model;
import org.cocoon.link.wire.ModelLoad;
import org.cocoon.link.wire.Run;
import org.cocoon.link.wire.SealedPrompt;
import org.cocoon.link.wire.Tokens;
import org.cocoon.link.wire.Uplink;
import org.junit.jupiter.api.Test;

class WorkerTest {
  private final Fleet fleet = new Fleet();
  private final List<FromRouter> down = new ArrayList<>();
  private final List<Runnable> nextTurn = new ArrayList<>();
  private long now;
  private int freed;
  private final Worker worker =
      TestWorkers.attach(fleet, "w", 4, 1000, 1000, () -> now, down::add, nextTurn::add);
  private final ServedModel served = worker.served().iterator().next();

  WorkerTest() {
    fleet.onCapacity(() -> freed++);
  }

  /** Notes what it hears; throws where it is told to. */
  private static final class Ear implements RunListener {
    final List<String> heard = new ArrayList<>();
    boolean throwing;

    private void note(String what) {
      heard.add(what);
      if (throwing) {
        throw new IllegalStateException("a bug");
      }
    }

    @Override
    public void tokens(Tokens tokens) {
      note("tokens");
    }

    @Override
    public void done(Done done) {
      note("done");
    }

    @Override
    public void failed(Failed failed) {
      note("failed");
    }

    @Override
    public void lost() {
      note("lost");
    }

    @Override
    public void broken(Throwable fault) {
      throwing = false;
      note("broken");
    }
  }

  private long run(Ear ear) {
    return worker.run(Run.newBuilder().setModel(TestWorkers.MODEL), 100, ear);
  }

  private void say(FromWorker.Builder message) {
    worker.heard(message.build());
  }

  private static Tokens tokens(long run, int count) {
    Tokens.Builder tokens = Tokens.newBuilder().setRun(run);
    for (int i = 0; i < count; i++) {
      tokens.addIds(i);
    }
    return tokens.build();
  }

  private Ear run(ServedModel model) {
    Ear ear = new Ear();
    worker.run(Run.newBuilder().setModel(model.model().getName()), 100, ear);
    return ear;
  }

  private ServedModel second() {
    Model small = Model.newBuilder().setName("small").setSlots(1).setContextTokens(50).build();
    fleet.serve(worker, List.of(served.model(), small));
    return fleet.serving("small").getFirst();
  }

  @Test
  void eachModelHasSlotsLoadAndABreakerOfItsOwn() {
    ServedModel small = second();
    assertEquals(5, worker.slots());
    run(small);
    assertEquals(1, small.occupied());
    assertEquals(0, served.occupied(), "another engine");
    say(
        FromWorker.newBuilder()
            .setLoad(
                LoadReport.newBuilder()
                    .setRunning(4)
                    .setDispatchedSeen(1)
                    .addModels(ModelLoad.newBuilder().setName("small").setRunning(1))
                    .addModels(ModelLoad.newBuilder().setName("absent").setRunning(9))
                    .addModels(
                        ModelLoad.newBuilder()
                            .setName(TestWorkers.MODEL)
                            .setRunning(2)
                            .setQueued(1))));
    assertEquals(1, small.occupied(), "ours alone");
    assertEquals(3, served.occupied(), "all of others");
    say(report(4, 0, 1));
    assertTrue(small.occupied() > small.slots(), "who does not say whose may be full of them");
    for (int i = 0; i < Breaker.FAILURES_TO_OPEN; i++) {
      worker.dismiss(run(new Ear()));
    }
    assertFalse(served.accepting());
    assertTrue(small.accepting());
    assertFalse(worker.breakerOpen(), "one of its models answers");
  }

  @Test
  void whatRunsOfAModelThatIsGivenUpStillEndsThere() {
    ServedModel small = second();
    Ear ear = run(small);
    int before = freed;
    assertEquals(List.of(small), fleet.serve(worker, List.of(served.model())));
    assertEquals(before + 1, freed, "who waits for it hears that nobody serves it");
    assertTrue(fleet.serving("small").isEmpty());
    assertFalse(small.accepting());
    assertEquals(List.of(TestWorkers.MODEL), fleet.models());
    assertEquals(List.of(served), fleet.serving(TestWorkers.MODEL), "and no other is touched");
    say(FromWorker.newBuilder().addTokens(tokens(1, 3)).addDone(done(1, FinishReason.FINISH_STOP)));
    assertEquals(List.of("tokens", "done"), ear.heard);
    assertEquals(0, worker.inFlight());
    ServedModel again = second();
    assertNotSame(small, again, "it starts with what nobody knows of it");
    assertTrue(again.accepting());
  }

  @Test
  void whatRunsOfAModelThatMayNotRunIsLostAndStopped() {
    ServedModel small = second();
    Ear lost = run(small);
    Ear kept = run(served);
    worker.lose(small);
    assertEquals(List.of("lost"), lost.heard);
    assertEquals(List.of(), kept.heard);
    nextTurn.forEach(Runnable::run);
    assertEquals(1, down.getLast().getCancel(0).getRun());
    assertEquals(1, down.getLast().getCancelCount());
    assertEquals(0, small.inFlight());
  }

  private static Done done(long run, FinishReason reason) {
    return Done.newBuilder().setRun(run).setFinish(reason).build();
  }

  private void millis(long millis) {
    now += TimeUnit.MILLISECONDS.toNanos(millis);
  }

  @Test
  void whatIsSaidInOneTurnGoesAsOneMessage() {
    long one = run(new Ear());
    long two = run(new Ear());
    worker.grant(one, 5);
    worker.cancel(two);
    assertTrue(down.isEmpty());
    assertEquals(1, nextTurn.size());
    nextTurn.getFirst().run();
    assertEquals(1, down.size());
    assertEquals(2, down.getFirst().getRunCount());
    assertEquals(1, down.getFirst().getGrantCount());
    assertEquals(1, down.getFirst().getCancelCount());
  }

  @Test
  void learnsItsRatesFromWhatArrives() {
    double prefill = served.prefillTokensPerSecond();
    double stream = served.expectedStreamTokensPerSecond();
    for (int i = 0; i < 30; i++) {
      long run = run(new Ear());
      assertEquals(100, served.pendingPromptTokens());
      millis(100); // 100 tokens in 100 ms: 1,000 a second
      say(FromWorker.newBuilder().addTokens(tokens(run, 1)));
      assertEquals(0, served.pendingPromptTokens());
      millis(1_000); // 200 tokens in a second
      say(FromWorker.newBuilder().addTokens(tokens(run, 200)));
      say(FromWorker.newBuilder().addDone(done(run, FinishReason.FINISH_STOP)));
    }
    assertTrue(prefill < 500 && stream < 100, "the prior is another one");
    assertEquals(1_000, served.prefillTokensPerSecond(), 20);
    assertEquals(200, served.expectedStreamTokensPerSecond(), 5);
    worker.tick(TimeUnit.SECONDS.toNanos(30));
    assertEquals(201, worker.tokensPerSecond(), 0.1);
  }

  @Test
  void countsOthersRunsByItsReportAndTellsWhenTheyLeave() {
    long mine = run(new Ear());
    say(report(3, 1, mine));
    assertEquals(4, served.occupied(), "one of ours and three of others");
    long unseen = run(new Ear());
    say(report(3, 1, mine));
    assertEquals(5, served.occupied(), "a run that the report does not know of is added");
    int before = freed;
    say(report(2, 0, unseen));
    assertEquals(2, served.occupied());
    assertEquals(before + 1, freed, "those who wait may come");
    say(report(-1, -1, Long.MAX_VALUE));
    assertTrue(served.occupied() > served.slots(), "absurd figures make it full, not empty");
    say(report(0, 0, Long.MAX_VALUE));
    assertEquals(2, served.occupied());
  }

  private static FromWorker.Builder report(int running, int queued, long seen) {
    return FromWorker.newBuilder()
        .setLoad(
            LoadReport.newBuilder().setRunning(running).setQueued(queued).setDispatchedSeen(seen));
  }

  @Test
  void aFaultInOneRunLosesNothingOfTheOthers() {
    Ear bad = new Ear();
    Ear good = new Ear();
    long one = run(bad);
    long two = run(good);
    bad.throwing = true;
    say(
        FromWorker.newBuilder()
            .addTokens(tokens(one, 1))
            .addTokens(tokens(two, 1))
            .addDone(done(two, FinishReason.FINISH_STOP)));
    assertEquals(List.of("tokens", "broken"), bad.heard);
    assertEquals(List.of("tokens", "done"), good.heard);
  }

  @Test
  void everyRunIsToldOnceThatTheLinkIsGone() {
    Ear first = new Ear();
    Ear second = new Ear();
    run(first);
    long two = run(second);
    first.throwing = true;
    fleet.detach(worker);
    worker.gone();
    say(FromWorker.newBuilder().addDone(done(two, FinishReason.FINISH_STOP)));
    assertEquals(List.of("lost", "broken"), first.heard);
    assertEquals(List.of("lost"), second.heard);
    assertEquals(0, worker.inFlight());
    assertEquals(0, served.pendingPromptTokens());
    nextTurn.forEach(Runnable::run);
    assertTrue(down.isEmpty(), "nothing goes down a link that is gone");
  }

  @Test
  void whatItDoesWrongOpensItsBreakerAndWhatClientsDoDoesNot() {
    for (int i = 0; i < 5; i++) {
      long cancelled = run(new Ear());
      worker.cancel(cancelled);
      say(FromWorker.newBuilder().addDone(done(cancelled, FinishReason.FINISH_CANCELLED)));
      Failed.Builder bad = Failed.newBuilder().setRun(run(new Ear()));
      say(FromWorker.newBuilder().addFailed(bad.setCode(FailureCode.FAILURE_BAD_REQUEST)));
      worker.abandon(run(new Ear()));
    }
    assertTrue(served.accepting());
    worker.dismiss(run(new Ear()));
    say(FromWorker.newBuilder().addDone(done(run(new Ear()), FinishReason.FINISH_CANCELLED)));
    assertTrue(served.accepting());
    worker.overdue(run(new Ear()));
    assertFalse(served.accepting(), "dismissed, stopped by itself, and late");
    assertEquals(1, worker.inFlight());
  }

  @Test
  void takesNothingNewWhileItDrainsButWhileWeDo() {
    worker.drain();
    assertTrue(served.accepting(), "what waits here is still given to it");
    nextTurn.forEach(Runnable::run);
    assertTrue(down.getFirst().getDrain());
    say(FromWorker.newBuilder().setDraining(true));
    assertFalse(served.accepting());
    assertEquals(Worker.State.DRAINING, worker.state());
  }

  @Test
  void runsOfOneTurnGoDownInMessagesThatALinkTakes() {
    ByteString large = ByteString.copyFrom(new byte[3 << 20]);
    for (int i = 0; i < 20; i++) {
      worker.run(
          Run.newBuilder()
              .setModel(TestWorkers.MODEL)
              .setSealed(SealedPrompt.newBuilder().setCiphertext(large)),
          100,
          new Ear());
      worker.run(Run.newBuilder().setModel(TestWorkers.MODEL), 100, new Ear());
    }
    List.copyOf(nextTurn).forEach(Runnable::run);
    List<Long> runs = new ArrayList<>();
    for (FromRouter message : down) {
      assertTrue(message.getSerializedSize() < Uplink.MAX_DOWN_BYTES / 2);
      message.getRunList().forEach(run -> runs.add(run.getRun()));
    }
    assertEquals(LongStream.rangeClosed(1, 40).boxed().toList(), runs, "each once, in order");
    assertTrue(down.size() <= 21, "small ones share a message");
  }

  @Test
  void aCountThatAChunkClaimsSpoilsNoRates() {
    long run = run(new Ear());
    say(
        FromWorker.newBuilder()
            .addTokens(
                Tokens.newBuilder()
                    .setRun(run)
                    .setSealed(ByteString.copyFrom(new byte[40]))
                    .setSealedCount(-1)));
    now += TimeUnit.SECONDS.toNanos(1);
    worker.tick(TimeUnit.SECONDS.toNanos(1));
    assertEquals(512, worker.tokensPerSecond());
    assertEquals(0, served.pendingPromptTokens(), "its first tokens came");
  }
}
