package org.cocoon.router.settlement;

import java.io.Serial;
import java.sql.SQLException;
import java.util.List;
import org.cocoon.contracts.TonAddress;
import org.cocoon.contracts.chain.AccountState;
import org.cocoon.contracts.chain.Chain;
import org.cocoon.contracts.chain.ChainException;
import org.cocoon.contracts.chain.ChainTransaction;
import org.cocoon.contracts.chain.Head;
import org.cocoon.contracts.chain.StackResult;
import org.cocoon.contracts.chain.StackValue;
import org.jspecify.annotations.Nullable;

/**
 * When the settling process dies: before or after so many things that it does to the world. Between
 * two of them nothing is lasting, so these are all the moments that there are.
 */
final class Death {
  private int left = Integer.MAX_VALUE;

  /** The process is no more. */
  static final class Died extends Error {
    @Serial private static final long serialVersionUID = 1;
  }

  /**
   * It dies after so many steps; an even number dies before the thing is done, an odd one after.
   */
  void after(int steps) {
    left = steps;
  }

  void never() {
    left = Integer.MAX_VALUE;
  }

  private void step() {
    if (left-- <= 0) {
      left = Integer.MAX_VALUE;
      throw new Died();
    }
  }

  /** A database that a process uses until it dies: a transaction is either done or not. */
  record MortalTransactions(Transactions transactions, Death death) implements Transactions {
    @Override
    public <T extends @Nullable Object> T run(Work<T> work) throws SQLException {
      death.step();
      T result = transactions.run(work);
      death.step();
      return result;
    }

    @Override
    public void close() {
      transactions.close();
    }
  }

  /** A chain that a process uses until it dies. */
  record MortalChain(Chain chain, Death death) implements Chain {
    @Override
    public int networkId() {
      return chain.networkId();
    }

    @Override
    public Head head() throws ChainException {
      return chain.head();
    }

    @Override
    public AccountState account(TonAddress address) throws ChainException {
      return chain.account(address);
    }

    @Override
    public List<ChainTransaction> transactions(TonAddress address, long afterLt, int limit)
        throws ChainException {
      return chain.transactions(address, afterLt, limit);
    }

    @Override
    public StackResult run(TonAddress address, String method, StackValue... arguments)
        throws ChainException {
      return chain.run(address, method, arguments);
    }

    @Override
    public void send(byte[] externalBoc) throws ChainException {
      death.step();
      chain.send(externalBoc);
      death.step();
    }
  }
}
