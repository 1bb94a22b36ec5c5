package org.cocoon.client.pay;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.cocoon.client.Json;
import org.cocoon.contracts.NanoTon;
import org.cocoon.contracts.ReceiptKey;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.Voucher;

/**
 * The vouchers of one channel: what was promised, what was charged, and what runs. A ceiling never
 * goes back, over all processes that share the file, and never passes the budget.
 *
 * <pre>
 *   ceiling = max( ceiling before, charged + what running requests can cost )
 * </pre>
 *
 * <p>The file is locked while it is changed, and on the disk before a voucher leaves. What a
 * process had running that died is forgotten with it; what it may have been charged comes from the
 * router, which is believed up to the ceiling: that was promised anyway. Methods block on the disk;
 * any thread.
 */
public final class VoucherBook {
  private static final int MAX_FILE_BYTES = 1 << 20;
  private static final int MAX_RUNNING = 4_096;
  private static final Map<Path, Object> MONITORS = new ConcurrentHashMap<>();
  private static final long PID = ProcessHandle.current().pid();
  private static final long STARTED = startOf(ProcessHandle.current());

  private final Path file;
  private final Object monitor;
  private final ReceiptKey key;
  private final int networkId;
  private final TonAddress channel;
  private final NanoTon budget;
  private final long lifeSeconds;
  private final InstantSource clock;

  /**
   * Where the book stands.
   *
   * @param ceiling the highest that was signed
   * @param expires of the newest voucher, in seconds since 1970
   * @param charged in all, as far as receipts and the router say
   * @param running the most that running requests can cost
   * @param receipt the last one that was verified; may be empty
   */
  public record Standing(
      NanoTon ceiling, long expires, NanoTon charged, NanoTon running, String receipt) {}

  /**
   * A voucher that covers one more request.
   *
   * @param voucher to send with it
   * @param most that it can cost
   */
  public record Promised(Voucher voucher, NanoTon most) {}

  private record Running(long pid, long started, long amount) {}

  private record State(
      long ceiling, long expires, long charged, List<Running> running, String receipt) {
    long runningSum() {
      return running.stream().mapToLong(Running::amount).reduce(0, VoucherBook::saturated);
    }
  }

  private VoucherBook(
      Path file,
      ReceiptKey key,
      int networkId,
      TonAddress channel,
      NanoTon budget,
      long lifeSeconds,
      InstantSource clock) {
    this.file = file;
    this.monitor = MONITORS.computeIfAbsent(file.toAbsolutePath().normalize(), _ -> new Object());
    this.key = key;
    this.networkId = networkId;
    this.channel = channel;
    this.budget = budget;
    this.lifeSeconds = lifeSeconds;
    this.clock = clock;
  }

  /**
   * Opens the book of a channel.
   *
   * @param keyFile of the voucher key; the book's file lies beside it
   * @param key in that file
   * @param budget the most that may be promised over the channel's life
   * @param lifeSeconds for which a voucher holds; it is renewed after a quarter of that
   */
  public static VoucherBook open(
      Path keyFile,
      ReceiptKey key,
      int networkId,
      TonAddress channel,
      NanoTon budget,
      long lifeSeconds,
      InstantSource clock) {
    String name = "%s.%s.json".formatted(keyFile.getFileName(), channel.toString().substring(2));
    return new VoucherBook(
        keyFile.resolveSibling(name), key, networkId, channel, budget, lifeSeconds, clock);
  }

  /** Where it stands. */
  public Standing standing() throws IOException {
    return changed(state -> state, false);
  }

  private interface Change {
    State apply(State before) throws OverBudgetException;
  }

  /**
   * Signs for one more request. Give it back by {@link #settle}.
   *
   * @param most that it can cost
   * @throws OverBudgetException if the budget does not cover that
   */
  public Promised promise(NanoTon most) throws IOException, OverBudgetException {
    Standing after =
        change(
            before -> {
              if (before.running.size() >= MAX_RUNNING) {
                throw new IllegalStateException("more than " + MAX_RUNNING + " requests run");
              }
              List<Running> running = new ArrayList<>(before.running);
              running.add(new Running(PID, STARTED, most.nanos()));
              long needed = saturated(saturated(before.charged, before.runningSum()), most.nanos());
              return raised(before, needed, running);
            });
    return new Promised(sign(after), most);
  }

  /**
   * Signs up to a ceiling, or further where more was promised before.
   *
   * @throws OverBudgetException if it is above the budget
   */
  public Voucher raiseTo(NanoTon ceiling) throws IOException, OverBudgetException {
    return sign(change(before -> raised(before, ceiling.nanos(), before.running)));
  }

  private State raised(State before, long needed, List<Running> running)
      throws OverBudgetException {
    if (needed > budget.nanos()) {
      throw new OverBudgetException(budget, new NanoTon(needed));
    }
    long now = clock.instant().getEpochSecond();
    long expires =
        before.expires - now < lifeSeconds - lifeSeconds / 4
            ? Math.max(before.expires, now + lifeSeconds)
            : before.expires;
    return new State(
        Math.max(before.ceiling, needed), expires, before.charged, running, before.receipt);
  }

  private Voucher sign(Standing standing) {
    return Voucher.sign(key, networkId, channel, standing.ceiling, standing.expires);
  }

  /**
   * A request is over.
   *
   * @param charged for it; what the request could have cost at most where nobody knows
   * @param receipt of it; empty where there is none
   */
  public void settle(Promised promised, NanoTon charged, String receipt) throws IOException {
    Running mine = new Running(PID, STARTED, promised.most.nanos());
    changed(
        before -> {
          List<Running> running = new ArrayList<>(before.running);
          running.remove(mine);
          return new State(
              before.ceiling,
              before.expires,
              Math.min(before.ceiling, saturated(before.charged, charged.nanos())),
              running,
              receipt.isEmpty() ? before.receipt : receipt);
        },
        true);
  }

  /** What the router says that the channel owes it: believed up to the ceiling. */
  public void owed(NanoTon due) throws IOException {
    changed(
        before ->
            new State(
                before.ceiling,
                before.expires,
                Math.max(before.charged, Math.min(before.ceiling, due.nanos())),
                before.running,
                before.receipt),
        true);
  }

  // ------------------------------------------------------------------ the file

  private Standing changed(Change change, boolean write) throws IOException {
    try {
      return change(change, write);
    } catch (OverBudgetException e) {
      throw new IllegalStateException("nothing was promised", e);
    }
  }

  private Standing change(Change change) throws IOException, OverBudgetException {
    return change(change, true);
  }

  private Standing change(Change change, boolean write) throws IOException, OverBudgetException {
    synchronized (monitor) { // of this process; the lock below is among processes
      Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
      try (FileChannel lock =
              FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = lock.lock()) {
        State before = alive(read());
        State after = change.apply(before);
        if (write && held.isValid() && !after.equals(before)) {
          write(after);
        }
        return new Standing(
            new NanoTon(after.ceiling),
            after.expires,
            new NanoTon(after.charged),
            new NanoTon(after.runningSum()),
            after.receipt);
      }
    }
  }

  private State read() throws IOException {
    byte[] bytes;
    try {
      if (Files.size(file) > MAX_FILE_BYTES) {
        throw new IOException(file + " is too long for a book of vouchers");
      }
      bytes = Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      return new State(0, 0, 0, List.of(), "");
    }
    Json json = Json.parse(bytes, bytes.length);
    if (json.at("network").number(0) != networkId
        || !json.at("channel").text("").equals(channel.toString())) {
      throw new IOException(file + " is the book of another channel");
    }
    List<Running> running = new ArrayList<>();
    for (Json one : json.at("running").items()) {
      running.add(new Running(amount(one, "pid"), amount(one, "started"), amount(one, "amount")));
    }
    return new State(
        amount(json, "ceiling"),
        amount(json, "expires"),
        amount(json, "charged"),
        running,
        json.at("receipt").text(""));
  }

  private long amount(Json json, String name) throws IOException {
    long amount = json.at(name).whole().orElse(-1);
    if (amount < 0) {
      throw new IOException(
          "%s is damaged ('%s'): remove it, and nothing is lost but what was charged before"
              .formatted(file, name));
    }
    return amount;
  }

  private static State alive(State state) {
    List<Running> running =
        state.running.stream().filter(one -> isAlive(one.pid, one.started)).toList();
    return new State(state.ceiling, state.expires, state.charged, running, state.receipt);
  }

  private static boolean isAlive(long pid, long started) {
    return pid == PID
        ? started == STARTED
        : ProcessHandle.of(pid)
            .map(process -> process.isAlive() && startOf(process) == started)
            .orElse(false);
  }

  private static long startOf(ProcessHandle process) {
    return process.info().startInstant().map(start -> start.toEpochMilli()).orElse(0L);
  }

  private void write(State state) throws IOException {
    String json =
        Json.render(
            out -> {
              out.writeStartObject();
              out.writeNumberField("version", 1);
              out.writeNumberField("network", networkId);
              out.writeStringField("channel", channel.toString());
              out.writeNumberField("ceiling", state.ceiling);
              out.writeNumberField("expires", state.expires);
              out.writeNumberField("charged", state.charged);
              out.writeArrayFieldStart("running");
              for (Running one : state.running) {
                out.writeStartObject();
                out.writeNumberField("pid", one.pid);
                out.writeNumberField("started", one.started);
                out.writeNumberField("amount", one.amount);
                out.writeEndObject();
              }
              out.writeEndArray();
              out.writeStringField("receipt", state.receipt);
              out.writeEndObject();
            });
    DurableFile.replace(file, json.getBytes(StandardCharsets.UTF_8));
  }

  private static long saturated(long a, long b) {
    return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
  }
}
