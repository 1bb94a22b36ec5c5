package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.cocoon.link.evidence.simulated.TestNetwork.CLOCK;
import static org.cocoon.link.evidence.simulated.TestNetwork.NOW;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.eventlog.EventReplay;
import org.cocoon.link.evidence.gpu.GpuBinding;
import org.cocoon.link.evidence.gpu.GpuBundle;
import org.cocoon.link.evidence.gpu.GpuPolicy;
import org.cocoon.link.evidence.gpu.GpuVerdict;

/** Evidence of GPUs, and event logs, that are not those of the node which presents them. */
public final class DeviceCorpus {
  private static final byte[] KEY = "the DER of a node's key".getBytes(UTF_8);
  private static final byte[] OTHER_KEY = "the DER of another's key".getBytes(UTF_8);
  private static final long EV_EVENT_TAG = 6;
  private static final long EV_SEPARATOR = 4;

  private DeviceCorpus() {}

  /** The chapter. */
  public static List<BadEvidence> cases(Path dir) throws IOException {
    List<BadEvidence> cases = new ArrayList<>();
    SimulatedGpuRoot root = SimulatedGpuRoot.in(dir, CLOCK);
    SimulatedGpu gpu = new SimulatedGpu(root, NOW);
    GpuPolicy policy = SimulatedGpuTest.policy(Set.of(root.hash()));
    GpuBundle.Evidence mine = gpu.evidence(GpuBinding.nonce(KEY));
    GpuBundle.Evidence others = gpu.evidence(GpuBinding.nonce(OTHER_KEY));
    gpus(cases, "control: nothing is wrong", BadEvidence.ACCEPTED, policy, mine);
    gpus(cases, "GPU of another VM", "NONCE", policy, others);
    gpus(cases, "one GPU counted twice", "DOUBLED_DEVICE", policy, mine, mine);
    gpus(
        cases,
        "simulated GPU in production",
        "SIMULATED_NOT_ALLOWED",
        SimulatedGpuTest.policy(Set.of()),
        mine);
    byte[] report = mine.report().clone();
    report[report.length - 1] ^= 1;
    gpus(
        cases,
        "GPU's signature changed",
        "REPORT_SIGNATURE",
        policy,
        new GpuBundle.Evidence(report, mine.chain()));
    addLogs(cases);
    return cases;
  }

  private static void addLogs(List<BadEvidence> cases) {
    List<byte[]> events = EventReplayTest.events();
    Measurements quoted = EventReplayTest.registersOf(events);
    log(cases, "control: the log is whole", BadEvidence.ACCEPTED, quoted, events);
    List<byte[]> reordered = new ArrayList<>(events);
    Collections.swap(reordered, 0, 1);
    log(cases, "event log reordered", "REGISTER_DIFFERS", quoted, reordered);
    log(cases, "event left out", "REGISTER_DIFFERS", quoted, events.subList(0, 3));
    log(
        cases,
        "event's text edited",
        "DATA_EDITED",
        quoted,
        with(
            events,
            EventReplayTest.event(1, EV_SEPARATOR, EventReplayTest.sha384("one"), "another")));
    log(
        cases,
        "event of a wrong index",
        "WRONG_REGISTER",
        quoted,
        with(
            events,
            EventReplayTest.event(0, EV_EVENT_TAG, EventReplayTest.sha384("mrTd"), "mrTd")));
    log(
        cases,
        "event after the quote",
        "LATER_EVENTS",
        quoted,
        with(
            events,
            EventReplayTest.event(4, EV_EVENT_TAG, EventReplayTest.sha384("late"), "late")));
    byte[] whole = EventReplayTest.log(events);
    byte[] cut = Arrays.copyOf(whole, whole.length - 1);
    cases.add(
        new BadEvidence(
            "event log cut", "TRUNCATED", () -> outcomeOf(EventReplay.of(cut, quoted))));
  }

  private static List<byte[]> with(List<byte[]> events, byte[] more) {
    List<byte[]> longer = new ArrayList<>(events);
    longer.add(more);
    return longer;
  }

  private static void log(
      List<BadEvidence> cases,
      String name,
      String expected,
      Measurements quoted,
      List<byte[]> events) {
    byte[] log = EventReplayTest.log(events);
    cases.add(new BadEvidence(name, expected, () -> outcomeOf(EventReplay.of(log, quoted))));
  }

  private static String outcomeOf(EventReplay replay) {
    return switch (replay) {
      case EventReplay.Matches _ -> BadEvidence.ACCEPTED;
      case EventReplay.Refused(EventReplay.Reason reason, String detail) -> reason + ": " + detail;
    };
  }

  private static void gpus(
      List<BadEvidence> cases,
      String name,
      String expected,
      GpuPolicy policy,
      GpuBundle.Evidence... evidence) {
    byte[] bundle = new GpuBundle(List.of(evidence)).toDer();
    cases.add(
        new BadEvidence(
            name,
            expected,
            () ->
                switch (new GpuBinding(policy).verify(bundle, KEY, NOW)) {
                  case GpuVerdict.Trusted _ -> BadEvidence.ACCEPTED;
                  case GpuVerdict.Rejected(GpuVerdict.Reason reason, String detail) ->
                      reason + ": " + detail;
                }));
  }
}
