package org.cocoon.devnet.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.tvm.Emulator;
import org.cocoon.devnet.tvm.Execution;
import org.cocoon.devnet.tvm.GetCall;
import org.cocoon.devnet.tvm.GetResult;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chain's state, and the only place that changes it. For one thread.
 *
 * <p>An external message that a contract accepts becomes a block at once, together with all that it
 * causes, in the order of logical time: each transaction's time is {@link #LT_STEP} after the one
 * before, so that messages stand in the queue in the order of their creation. A block is in the
 * log, on the disk, before anybody learns of it.
 */
public final class Chain implements Closeable {
  /** Global id of the network, parameter 19 of its configuration. */
  public static final int NETWORK = -31_337;

  /** Longest way that time can travel at once: ten years. */
  public static final long MAX_ADVANCE_SECONDS = 10 * 365 * 86_400L;

  private static final Logger log = LoggerFactory.getLogger(Chain.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  static final long LT_STEP = 1_000_000;
  private static final int MAX_PENDING = 10_000;
  private static final int MAX_LABELS = 10_000;
  private static final long LATEST = 4_000_000_000L;
  private static final byte GENESIS = 1;
  private static final byte BLOCK = 2;
  private static final byte EMPTY = 3;
  private static final byte NOTE = 4;

  private final ChainOptions options;
  private final ChainLog chainLog;
  private final History history;
  private final Faults faults = new Faults(0);
  private final Map<Address, AccountState> accounts = new HashMap<>();
  private final Map<Address, Label> labels = new LinkedHashMap<>();
  private final List<Pending> pending = new ArrayList<>();
  private final byte[] config = Resources.bytes("config.boc");
  private final byte[] getterConfig = Resources.bytes("getters.boc");
  private @Nullable Emulator emulator;
  private @Nullable Faucet faucet;
  private @Nullable Block head;
  private byte[] seed = new byte[0];
  private long offsetSeconds;
  private long lt;
  private boolean frozen;
  private @Nullable View before;

  /** Opens a chain, or begins one. */
  public Chain(ChainOptions options) {
    this.options = options;
    history = new History(options.history());
    chainLog = ChainLog.open(options.folder(), this::replay);
    if (head == null) {
      begin();
    } else if (options.seed() != null && !Arrays.equals(options.seed(), seed)) {
      chainLog.close();
      throw new ChainException(
          Kind.WRONG, "the stored chain has another seed: give that one, or another --data");
    }
  }

  /** Makes the emulator ready; otherwise the first message does. */
  void warmUp() {
    emulator();
  }

  private void begin() {
    byte[] chosen = options.seed();
    if (chosen == null) {
      chosen = new byte[ChainOptions.SEED_BYTES];
      new SecureRandom().nextBytes(chosen);
    }
    ObjectNode genesis = JSON.createObjectNode();
    genesis.put("version", 1);
    genesis.put("network", NETWORK);
    genesis.put("seed", HexFormat.of().formatHex(chosen));
    genesis.put("time", options.clock().instant().getEpochSecond());
    chainLog.append(tagged(GENESIS, genesis), true);
    genesis(genesis);
  }

  private void genesis(JsonNode genesis) {
    if (genesis.path("version").asInt() != 1 || genesis.path("network").asInt() != NETWORK) {
      throw new ChainException(Kind.BROKEN, "this chain was made by another version: start anew");
    }
    seed = HexFormat.of().parseHex(genesis.path("seed").asText());
    long time = genesis.path("time").asLong();
    Faucet made = new Faucet(seed, Boc.parse(Resources.bytes("wallet.boc")), NETWORK);
    accounts.put(made.address(), made.genesis(time));
    labels.put(made.address(), new Label("faucet", "wallet"));
    faucet = made;
    head = new Block(1, time, 0, Block.sha256().digest(seed), List.of());
    history.add(head);
  }

  private void replay(long position, ByteBuffer record) {
    byte tag = record.get();
    switch (tag) {
      case GENESIS -> genesis(json(record));
      case BLOCK -> replayBlock(position, record);
      case EMPTY -> {
        long seqno = record.getLong();
        long time = record.getLong();
        if (seqno == head().seqno() + 1) {
          setHead(head().next(time, lt, List.of()));
        }
      }
      case NOTE -> note(json(record));
      default -> throw new ChainException(Kind.BROKEN, "the chain's log has an unknown record");
    }
  }

  private void replayBlock(long position, ByteBuffer record) {
    List<TransactionRef> refs = new ArrayList<>();
    BlockRecord block = BlockRecord.read(record, position, refs);
    block.accounts().forEach((address, shard) -> accounts.put(address, AccountState.read(shard)));
    pending.clear();
    pending.addAll(block.pending());
    lt = block.endLt();
    setHead(head().next(block.time(), lt, refs));
  }

  private void note(JsonNode note) {
    offsetSeconds = note.path("offset").asLong(offsetSeconds);
    if (note.has("address")) {
      Address address = Address.parse(note.path("address").asText());
      labels.put(address, new Label(note.path("name").asText(), note.path("kind").asText()));
    }
  }

  private static JsonNode json(ByteBuffer record) {
    try {
      return JSON.readTree(UTF_8.decode(record).toString());
    } catch (JsonProcessingException e) {
      throw new ChainException(Kind.BROKEN, "the chain's log has a record that is no JSON", e);
    }
  }

  private static byte[] tagged(byte tag, JsonNode json) {
    byte[] text = json.toString().getBytes(UTF_8);
    return ByteBuffer.allocate(1 + text.length).put(tag).put(text).array();
  }

  private Emulator emulator() {
    if (emulator == null) {
      emulator = new Emulator(config, getterConfig);
    }
    return emulator;
  }

  private void setHead(Block next) {
    head = next;
    history.add(next);
  }

  // ---------------------------------------------------------------------------------- reading

  /** The newest block. */
  public Block head() {
    if (head == null) {
      throw new ChainException(Kind.BROKEN, "the chain's log does not begin with a genesis");
    }
    return head;
  }

  /** Seconds since 1970 on this chain; never less than in its newest block. */
  public long now() {
    long wall = options.clock().instant().getEpochSecond() + offsetSeconds;
    return Math.max(wall, head().time());
  }

  /** By how many seconds the chain is ahead of the machine's clock. */
  public long offsetSeconds() {
    return offsetSeconds;
  }

  /** The faucet's account. */
  public Address faucetAddress() {
    return faucet().address();
  }

  private Faucet faucet() {
    if (faucet == null) {
      throw new ChainException(Kind.BROKEN, "the chain's log does not begin with a genesis");
    }
    return faucet;
  }

  /** What is on the chain now; it changes with the chain. */
  public View view() {
    return new View(head(), Collections.unmodifiableMap(accounts), false);
  }

  /** An account as it is now; {@link AccountState#NONE} where there is none. */
  public AccountState account(Address address) {
    return accounts.getOrDefault(address, AccountState.NONE);
  }

  /** All accounts that there are, and were. */
  public Map<Address, AccountState> accounts() {
    return Map.copyOf(accounts);
  }

  /** What accounts are called. */
  public Map<Address, Label> labels() {
    return Map.copyOf(labels);
  }

  /** A block that is remembered. */
  public @Nullable Block block(long seqno) {
    return history.block(seqno);
  }

  /** The newest blocks with transactions below a number, newest first. */
  public List<Block> blocks(int limit, long belowSeqno) {
    return history.newest(limit, belowSeqno);
  }

  /** An account's transactions from a logical time downwards, newest first. */
  public List<TransactionRef> transactions(Address account, long fromLt, int limit) {
    return history.before(account, fromLt, limit);
  }

  /** An account's transactions after a logical time, oldest first. */
  public List<TransactionRef> transactionsAfter(Address account, long afterLt, int limit) {
    return history.after(account, afterLt, limit);
  }

  /** A transaction by its hash in hexadecimal digits. */
  public @Nullable TransactionRef find(String hash) {
    return history.byHash(hash);
  }

  /** How many transactions are remembered. */
  public int transactionCount() {
    return history.transactions();
  }

  /** How many messages wait. */
  public int pendingCount() {
    return pending.size();
  }

  /** A transaction's bag of cells. */
  public byte[] boc(TransactionRef ref) {
    return chainLog.bytes(ref.position(), ref.length());
  }

  /** A transaction, read. */
  public Transaction read(TransactionRef ref) {
    return Transaction.read(Boc.parse(boc(ref)), ref.account().workchain());
  }

  /** The fault rules in force. */
  public List<FaultRule> faultRules() {
    faults.expire(now());
    return faults.rules();
  }

  /** Whether no blocks are made. */
  public boolean frozen() {
    return frozen;
  }

  // ---------------------------------------------------------------------------------- changing

  /**
   * Takes an external message.
   *
   * @throws ChainException if it is none, or if the contract does not accept it
   */
  public Message send(Cell cell) {
    Message message = Message.read(cell);
    if (message.kind() != Message.Kind.EXTERNAL_IN) {
      throw new ChainException(Kind.WRONG, "only external messages come from outside");
    }
    faults.expire(now());
    FaultRule.Effect effect = faults.decide(FaultRule.Where.EXTERNAL, message.to());
    switch (effect.kind()) {
      case NONE, BOUNCE, REFUSE, STALE, FORK -> deliver(cell);
      case LOSE -> {}
      case DELAY -> delay(cell, effect);
      case DOUBLE -> {
        deliver(cell);
        delay(cell, new FaultRule.Effect(FaultRule.Effect.Kind.DELAY, 0, 0));
        tick();
      }
    }
    return message;
  }

  private void deliver(Cell external) {
    if (frozen) {
      delay(external, new FaultRule.Effect(FaultRule.Effect.Kind.DELAY, 0, 0));
      return;
    }
    BlockInWork block = newBlock();
    block.run(Message.read(external));
    finish(block);
  }

  private void delay(Cell message, FaultRule.Effect effect) {
    if (pending.size() >= MAX_PENDING) {
      throw new ChainException(Kind.BUSY, "too many messages wait on the chain: try again later");
    }
    pending.add(
        new Pending(message, now() + effect.seconds(), head().seqno() + 1 + effect.blocks()));
  }

  /** Sends nanoTON from the faucet. Faults do not befall its external message. */
  public void give(Address to, BigInteger amount) {
    if (amount.signum() <= 0 || amount.compareTo(Faucet.SUPPLY) >= 0) {
      throw new ChainException(Kind.WRONG, "an amount is in nanoTON, above 0, below 5e18");
    }
    if (frozen) {
      throw new ChainException(Kind.BUSY, "the chain is frozen: thaw it first");
    }
    deliver(faucet().transfer(account(faucetAddress()), to, amount, now()));
  }

  /** Lets time pass, and makes a block then. */
  public void advance(long seconds) {
    if (seconds < 1 || seconds > MAX_ADVANCE_SECONDS || now() + seconds > LATEST) {
      throw new ChainException(Kind.WRONG, "time goes forward only, by ten years at most");
    }
    ObjectNode note = JSON.createObjectNode().put("offset", offsetSeconds + seconds);
    chainLog.append(tagged(NOTE, note), true);
    note(note);
    if (!frozen) {
      emptyBlock();
      tick();
    }
  }

  /** Gives an account a name. */
  public void label(Address address, Label label) {
    if (labels.size() >= MAX_LABELS && !labels.containsKey(address)) {
      throw new ChainException(Kind.BUSY, "there are at most " + MAX_LABELS + " labels");
    }
    ObjectNode note = JSON.createObjectNode();
    note.put("address", address.toString()).put("name", label.name()).put("kind", label.kind());
    chainLog.append(tagged(NOTE, note), false);
    note(note);
  }

  /** Replaces the fault rules. */
  public void setFaults(List<FaultRule> rules, long diceSeed) {
    faults.replace(rules, diceSeed);
    before = null;
    for (FaultRule rule : rules) {
      if (rule.effect().kind() == FaultRule.Effect.Kind.STALE
          || rule.effect().kind() == FaultRule.Effect.Kind.FORK) {
        before = new View(head(), Map.copyOf(accounts), false);
      }
    }
  }

  /** Stops making blocks, or goes on. */
  public void freeze(boolean frozen) {
    this.frozen = frozen;
    if (!frozen) {
      tick();
    }
  }

  /**
   * What an answer of the API shows.
   *
   * @throws ChainException if the API shall refuse
   */
  public View answer() {
    faults.expire(now());
    FaultRule.Effect effect = faults.decide(FaultRule.Where.API, faucetAddress());
    View old = before;
    return switch (effect.kind()) {
      case REFUSE -> throw new ChainException(Kind.BUSY, "the API was told to refuse");
      case STALE -> old == null ? view() : old;
      case FORK -> old == null ? view() : old.forked(head());
      case NONE, LOSE, DELAY, DOUBLE, BOUNCE -> view();
    };
  }

  /** Delivers what is due, and makes an empty block when it is time for one. */
  public void tick() {
    if (frozen) {
      return;
    }
    long now = now();
    while (pending.stream().anyMatch(p -> due(p, now))) {
      BlockInWork block = newBlock();
      List<Pending> due = pending.stream().filter(p -> due(p, now)).toList();
      pending.removeAll(due);
      for (Pending waiting : due) {
        block.runLate(Message.read(waiting.message()));
      }
      finish(block);
    }
    if (options.blockSeconds() > 0 && now - head().time() >= options.blockSeconds()) {
      emptyBlock();
    }
  }

  private BlockInWork newBlock() {
    BlockInWork.Contracts contracts =
        new BlockInWork.Contracts() {
          @Override
          public AccountState account(Address address) {
            return Chain.this.account(address);
          }

          @Override
          public Execution execute(AccountState state, Cell message, long at) {
            return Chain.this.execute(state, message, at, false);
          }
        };
    return new BlockInWork(contracts, faults, faucetAddress(), now(), head().seqno() + 1, lt);
  }

  private boolean due(Pending waiting, long now) {
    return waiting.time() <= now && waiting.seqno() <= head().seqno() + 1;
  }

  private void emptyBlock() {
    long time = now();
    byte[] record =
        ByteBuffer.allocate(17).put(EMPTY).putLong(head().seqno() + 1).putLong(time).array();
    chainLog.append(record, false);
    setHead(head().next(time, lt, List.of()));
  }

  private void finish(BlockInWork block) {
    pending.addAll(block.later());
    List<Integer> offsets = new ArrayList<>();
    Map<Address, String> changed = new LinkedHashMap<>();
    block.changed().forEach((address, state) -> changed.put(address, state.shard()));
    BlockRecord record =
        new BlockRecord(
            head().seqno() + 1, block.time(), block.lt(), block.ran(), changed, pending);
    byte[] bytes = record.bytes(BLOCK, offsets);
    long position = chainLog.nextPosition();
    chainLog.append(bytes, true);
    List<TransactionRef> refs = new ArrayList<>();
    for (int i = 0; i < block.ran().size(); i++) {
      BlockRecord.Ran ran = block.ran().get(i);
      refs.add(
          new TransactionRef(
              ran.account(),
              ran.lt(),
              HexFormat.of().formatHex(ran.hash()),
              record.seqno(),
              position + offsets.get(i),
              ran.boc().length));
    }
    accounts.putAll(block.changed());
    lt = block.lt();
    setHead(head().next(block.time(), lt, refs));
  }

  /** Runs an external message without keeping what comes of it. */
  public Execution estimate(AccountState state, Cell message, boolean ignoreSignatures) {
    return execute(state, message, lt + LT_STEP, ignoreSignatures);
  }

  private Execution execute(AccountState state, Cell message, long at, boolean ignoreSignatures) {
    try {
      return emulator()
          .transaction(state.shard(), Boc.base64(message), now(), at, random(at), ignoreSignatures);
    } catch (RuntimeException e) {
      throw broken(e);
    }
  }

  /** Runs a get-method of an active account. */
  public GetResult get(Address address, AccountState state, int methodId, String stack) {
    Cell code = state.code();
    Cell data = state.data();
    if (code == null || data == null) {
      return new GetResult("", 0, NO_CONTRACT);
    }
    GetCall call =
        new GetCall(
            Boc.base64(code),
            Boc.base64(data),
            address.friendly(true),
            state.balance(),
            now(),
            random(lt),
            methodId,
            stack);
    try {
      return emulator().get(call);
    } catch (RuntimeException e) {
      throw broken(e);
    }
  }

  /** Exit code of a get-method where there is no contract, as lite servers have it. */
  public static final int NO_CONTRACT = -13;

  private ChainException broken(RuntimeException e) {
    emulator = null;
    log.atError().addKeyValue("event", "emulator_broke").setCause(e).log("");
    return new ChainException(Kind.BROKEN, "the emulator broke: " + e.getMessage(), e);
  }

  private byte[] random(long at) {
    var sha = Block.sha256();
    sha.update(seed);
    sha.update(ByteBuffer.allocate(Long.BYTES).putLong(at).array());
    return sha.digest();
  }

  @Override
  public void close() {
    chainLog.close();
  }
}
