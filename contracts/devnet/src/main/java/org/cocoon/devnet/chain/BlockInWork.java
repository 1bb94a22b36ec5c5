package org.cocoon.devnet.chain;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.chain.ChainException.Kind;
import org.cocoon.devnet.tvm.Execution;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A block that is being made: nothing of it counts until the chain takes it. */
final class BlockInWork {
  private static final Logger log = LoggerFactory.getLogger(BlockInWork.class);
  private static final int MAX_TRANSACTIONS = 512;

  private final Contracts contracts;
  private final Faults faults;
  private final Address exempt;
  private final long time;
  private final long seqno;
  private final Map<Address, AccountState> changed = new LinkedHashMap<>();
  private final List<BlockRecord.Ran> ran = new ArrayList<>();
  private final List<Pending> later = new ArrayList<>();
  private final Deque<Message> queue = new ArrayDeque<>();
  private long lt;

  /** Accounts as they are before the block, and what runs them. */
  interface Contracts {
    /** An account before the block. */
    AccountState account(Address address);

    /** Runs a message, at this logical time or later. */
    Execution execute(AccountState state, Cell message, long lt);
  }

  /**
   * Begins a block.
   *
   * @param exempt messages from this account meet no faults
   * @param time seconds since 1970
   * @param seqno its number
   * @param lt highest logical time before it
   */
  BlockInWork(Contracts contracts, Faults faults, Address exempt, long time, long seqno, long lt) {
    this.contracts = contracts;
    this.faults = faults;
    this.exempt = exempt;
    this.time = time;
    this.seqno = seqno;
    this.lt = lt;
  }

  long time() {
    return time;
  }

  /** Highest logical time so far. */
  long lt() {
    return lt;
  }

  /** What ran, in order. */
  List<BlockRecord.Ran> ran() {
    return ran;
  }

  /** Accounts as they are after it. */
  Map<Address, AccountState> changed() {
    return changed;
  }

  /** Messages for blocks after it. */
  List<Pending> later() {
    return later;
  }

  /** Runs a message and all that it causes; an external one that is refused throws. */
  void run(Message first) {
    runOne(first);
    drain();
  }

  /** Runs one that waited: a refused external one is forgotten. */
  void runLate(Message first) {
    try {
      run(first);
    } catch (ChainException e) {
      if (e.kind() != Kind.REFUSED) {
        throw e;
      }
      log.atInfo().addKeyValue("event", "late_message_refused").log("");
    }
  }

  private void drain() {
    while (!queue.isEmpty()) {
      Message next = queue.remove();
      if (ran.size() >= MAX_TRANSACTIONS) {
        later.add(new Pending(next.cell(), 0, 0));
        continue;
      }
      befall(next);
    }
  }

  private void befall(Message message) {
    FaultRule.Effect effect =
        exempt.equals(message.source())
            ? FaultRule.Effect.NONE
            : faults.decide(FaultRule.Where.INTERNAL, message.to());
    switch (effect.kind()) {
      case NONE, DOUBLE, REFUSE, STALE, FORK -> runOne(message);
      case LOSE -> {}
      case DELAY ->
          later.add(new Pending(message.cell(), time + effect.seconds(), seqno + effect.blocks()));
      case BOUNCE -> {
        if (message.bounce()) {
          lt += Chain.LT_STEP;
          runOne(message.returned(message.forwardFee(), lt, time));
        } else {
          runOne(message);
        }
      }
    }
  }

  private void runOne(Message message) {
    Address account = message.to();
    AccountState state = changed.getOrDefault(account, contracts.account(account));
    long at = lt + Chain.LT_STEP;
    switch (contracts.execute(state, message.cell(), at)) {
      case Execution.Refused refused -> refuse(message, refused);
      case Execution.Done done -> {
        byte[] boc = Base64.getDecoder().decode(done.transaction());
        Transaction transaction = Transaction.read(Boc.parse(boc), account.workchain());
        ran.add(new BlockRecord.Ran(account, transaction.lt(), transaction.cell().hash(), boc));
        changed.put(account, AccountState.read(done.shardAccount()));
        lt = Math.max(at, transaction.lt());
        for (Message out : transaction.outgoing()) {
          if (out.kind() == Message.Kind.INTERNAL) {
            queue.add(out);
          }
        }
      }
    }
  }

  private void refuse(Message message, Execution.Refused refused) {
    if (message.kind() != Message.Kind.EXTERNAL_IN) {
      throw new ChainException(
          Kind.BROKEN, "the emulator refuses an internal message: " + refused.error());
    }
    String code = refused.exitCode() == 0 ? "" : ", exit code " + refused.exitCode();
    throw new ChainException(
        Kind.REFUSED,
        "cannot apply external message to current state : External message was not accepted: "
            + refused.error()
            + code);
  }
}
