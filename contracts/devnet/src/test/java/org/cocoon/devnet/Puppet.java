package org.cocoon.devnet;

import java.math.BigInteger;
import java.util.HexFormat;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellBuilder;

/**
 * A contract that does what anybody says: each external message holds a message, which it sends.
 * Its code: ACCEPT, DROP, LDREF, DROP, 3 PUSHINT, SENDRAWMSG.
 */
public final class Puppet {
  private static final Cell CODE =
      new CellBuilder().bytes(HexFormat.of().parseHex("f80030d43073fb00")).build();

  private final Cell init;
  private final Address address;

  /** One of many, by number. */
  public Puppet(int number) {
    Cell data = new CellBuilder().number(number, 32).build();
    init =
        new CellBuilder().number(0, 2).bit(true).ref(CODE).bit(true).ref(data).bit(false).build();
    address = new Address(0, init.hash());
  }

  /** Where it is. */
  public Address address() {
    return address;
  }

  /** An external message, in base64, that makes it send nanoTON; it comes with the code. */
  public String send(Address to, long nanoTon, boolean bounce, int text) {
    Cell message =
        new CellBuilder()
            .bit(false)
            .bit(true)
            .bit(bounce)
            .bit(false)
            .number(0, 2)
            .address(to)
            .coins(BigInteger.valueOf(nanoTon))
            .bit(false)
            .coins(BigInteger.ZERO)
            .coins(BigInteger.ZERO)
            .number(0, 64)
            .number(0, 32)
            .number(0, 2)
            .number(text, 32)
            .build();
    return Boc.base64(
        new CellBuilder()
            .number(0b10, 2)
            .number(0, 2)
            .address(address)
            .coins(BigInteger.ZERO)
            .bit(true)
            .bit(true)
            .ref(init)
            .bit(true)
            .ref(new CellBuilder().ref(message).build())
            .build());
  }

  /** Accounts that nobody has the code of. */
  public static Address stranger(int number) {
    byte[] hash = new byte[32];
    hash[31] = (byte) number;
    return new Address(0, hash);
  }
}
