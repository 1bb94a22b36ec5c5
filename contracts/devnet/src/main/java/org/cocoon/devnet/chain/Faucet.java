package org.cocoon.devnet.chain;

import java.math.BigInteger;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;
import org.cocoon.devnet.cell.CellSlice;

/** The faucet's wallet, a V5R1 like any other, whose key is the chain's seed. */
final class Faucet {
  /** What it has in the beginning, nanoTON: five billion TON, as many as there are. */
  static final BigInteger SUPPLY =
      BigInteger.valueOf(5_000_000_000L).multiply(BigInteger.TEN.pow(9));

  private static final int SIGNED_EXTERNAL = 0x7369676e;
  private static final int SEND_MESSAGE = 0x0ec3c86d;

  /** Pay fees apart, and go on if sending fails. */
  private static final int MODE = 3;

  /** A client's wallet in the basechain, V5R1, subwallet 0: one bit, then workchain, version... */
  private static final int CONTEXT = 0x8000_0000;

  private static final long VALID_SECONDS = 60;

  private final Ed25519PrivateKeyParameters key;
  private final Cell code;
  private final int walletId;
  private final Address address;

  Faucet(byte[] seed, Cell code, int network) {
    key = new Ed25519PrivateKeyParameters(seed);
    this.code = code;
    walletId = network ^ CONTEXT;
    address = new Address(0, stateInit().hash());
  }

  Address address() {
    return address;
  }

  /** Its account in the beginning. */
  AccountState genesis(long now) {
    return AccountState.genesis(address, SUPPLY, code, data(), now);
  }

  private Cell data() {
    return new CellBuilder()
        .bit(true)
        .number(0, 32)
        .number(walletId, 32)
        .bytes(key.generatePublicKey().getEncoded())
        .bit(false)
        .build();
  }

  private Cell stateInit() {
    return new CellBuilder()
        .number(0, 2)
        .bit(true)
        .ref(code)
        .bit(true)
        .ref(data())
        .bit(false)
        .build();
  }

  /** A signed external message that sends nanoTON, given the wallet's account. */
  Cell transfer(AccountState account, Address to, BigInteger amount, long now) {
    Cell data = account.data();
    if (data == null) {
      throw new ChainException(ChainException.Kind.BROKEN, "the faucet's wallet is gone");
    }
    CellSlice in = data.slice().skip(1);
    long seqno = in.number(32);
    Cell message =
        Message.envelope(null, to, amount, false, false)
            .coins(BigInteger.ZERO)
            .number(0, 64)
            .number(0, 32)
            .number(0, 2)
            .build();
    Cell actions =
        new CellBuilder()
            .ref(Cell.EMPTY)
            .number(SEND_MESSAGE, 32)
            .number(MODE, 8)
            .ref(message)
            .build();
    CellBuilder order =
        new CellBuilder()
            .number(SIGNED_EXTERNAL, 32)
            .number(walletId, 32)
            .number(now + VALID_SECONDS, 32)
            .number(seqno, 32)
            .bit(true)
            .ref(actions)
            .bit(false);
    Ed25519Signer signer = new Ed25519Signer();
    signer.init(true, key);
    byte[] hash = order.build().hash();
    signer.update(hash, 0, hash.length);
    Cell body = order.bytes(signer.generateSignature()).build();
    return new CellBuilder()
        .number(0b10, 2)
        .number(0, 2)
        .address(address)
        .coins(BigInteger.ZERO)
        .bit(false)
        .bit(true)
        .ref(body)
        .build();
  }
}
