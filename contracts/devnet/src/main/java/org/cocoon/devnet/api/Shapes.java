package org.cocoon.devnet.api;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Base64;
import org.cocoon.devnet.cell.Address;
import org.cocoon.devnet.cell.Boc;
import org.cocoon.devnet.cell.Cell;
import org.cocoon.devnet.cell.CellException;
import org.cocoon.devnet.cell.CellSlice;
import org.cocoon.devnet.chain.AccountState;
import org.cocoon.devnet.chain.Block;
import org.cocoon.devnet.chain.Message;
import org.cocoon.devnet.chain.Transaction;
import org.cocoon.devnet.chain.View;
import org.jspecify.annotations.Nullable;

/** What toncenter's API answers, field by field. */
final class Shapes {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String WHOLE_SHARD = "-9223372036854775808";

  private static final int COMMENT_BITS = 32;
  private static final int MAX_COMMENT_BYTES = 4096;

  private Shapes() {}

  static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static ObjectNode blockId(Block block, int workchain) {
    return JSON.createObjectNode()
        .put("@type", "ton.blockIdExt")
        .put("workchain", workchain)
        .put("shard", WHOLE_SHARD)
        .put("seqno", block.seqno())
        .put("root_hash", base64(block.root()))
        .put("file_hash", base64(block.file()));
  }

  static ObjectNode transactionId(long lt, byte[] hash) {
    return JSON.createObjectNode()
        .put("@type", "internal.transactionId")
        .put("lt", Long.toUnsignedString(lt))
        .put("hash", base64(hash));
  }

  static String state(AccountState account) {
    return switch (account.status()) {
      case NONE, UNINITIALIZED -> "uninitialized";
      case ACTIVE -> "active";
      case FROZEN -> "frozen";
    };
  }

  static ObjectNode account(AccountState account, View view) {
    ObjectNode node = JSON.createObjectNode().put("@type", "raw.fullAccountState");
    node.put("balance", account.balance().toString());
    node.putArray("extra_currencies");
    node.put("code", boc(account.code()));
    node.put("data", boc(account.data()));
    node.set("last_transaction_id", transactionId(account.lastLt(), account.lastHash()));
    node.set("block_id", blockId(view.head(), -1));
    byte[] frozen = account.frozenHash();
    node.put("frozen_hash", frozen == null ? "" : base64(frozen));
    node.put("sync_utime", view.head().time());
    node.put("state", state(account));
    return node;
  }

  static ObjectNode extendedAccount(Address address, AccountState account, View view) {
    ObjectNode node = JSON.createObjectNode().put("@type", "fullAccountState");
    node.putObject("address")
        .put("@type", "accountAddress")
        .put("account_address", address.friendly(true));
    node.put("balance", account.balance().toString());
    node.putArray("extra_currencies");
    node.set("last_transaction_id", transactionId(account.lastLt(), account.lastHash()));
    node.set("block_id", blockId(view.head(), -1));
    node.put("sync_utime", view.head().time());
    ObjectNode state = node.putObject("account_state");
    byte[] frozen = account.frozenHash();
    if (account.status() == AccountState.Status.ACTIVE) {
      state.put("@type", "raw.accountState");
      state.put("code", boc(account.code()));
      state.put("data", boc(account.data()));
      state.put("frozen_hash", "");
    } else {
      state.put("@type", "uninited.accountState");
      state.put("frozen_hash", frozen == null ? "" : base64(frozen));
    }
    return node.put("revision", 0);
  }

  private static String boc(@Nullable Cell cell) {
    return cell == null ? "" : Boc.base64(cell);
  }

  static ObjectNode transaction(Transaction tx, byte[] bag) {
    BigInteger storage = tx.outcome().storageFee();
    ObjectNode node = JSON.createObjectNode().put("@type", "raw.transaction");
    node.putObject("address")
        .put("@type", "accountAddress")
        .put("account_address", tx.account().friendly(true));
    node.put("utime", tx.now());
    node.put("data", base64(bag));
    node.set("transaction_id", transactionId(tx.lt(), tx.cell().hash()));
    node.put("fee", tx.totalFees().toString());
    node.put("storage_fee", storage.toString());
    node.put("other_fee", tx.totalFees().subtract(storage).toString());
    Message incoming = tx.incoming();
    if (incoming != null) {
      node.set("in_msg", message(incoming));
    }
    ArrayNode out = node.putArray("out_msgs");
    tx.outgoing().forEach(message -> out.add(message(message)));
    return node;
  }

  static ObjectNode message(Message message) {
    ObjectNode node = JSON.createObjectNode().put("@type", "raw.message");
    node.put("hash", base64(message.cell().hash()));
    node.put("source", friendly(message.source()));
    node.put("destination", friendly(message.destination()));
    node.put("value", message.value().toString());
    node.putArray("extra_currencies");
    node.put("fwd_fee", message.forwardFee().toString());
    node.put("ihr_fee", "0");
    node.put("created_lt", Long.toUnsignedString(message.createdLt()));
    node.put("body_hash", base64(message.body().hash()));
    ObjectNode data = node.putObject("msg_data");
    String comment = comment(message.body());
    if (comment == null) {
      data.put("@type", "msg.dataRaw");
      data.put("body", Boc.base64(message.body()));
      data.put("init_state", boc(message.init()));
      node.put(
          "message",
          message.body().bits() == 0 ? "" : base64(message.body().slice().data()) + "\n");
    } else {
      data.put("@type", "msg.dataText");
      data.put("text", base64(comment.getBytes(UTF_8)));
      node.put("message", comment);
    }
    return node;
  }

  private static String friendly(@Nullable Address address) {
    return address == null ? "" : address.friendly(true);
  }

  /** The text of a body that is a comment; null if it is something else. */
  static @Nullable String comment(Cell body) {
    CellSlice in = body.slice();
    if (in.bitsLeft() < COMMENT_BITS || in.number(COMMENT_BITS) != 0) {
      return null;
    }
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    CellSlice part = in;
    try {
      while (true) {
        if (part.bitsLeft() % Byte.SIZE != 0 || text.size() > MAX_COMMENT_BYTES) {
          return null;
        }
        text.writeBytes(part.bytes(part.bitsLeft() / Byte.SIZE));
        if (part.refsLeft() == 0) {
          return UTF_8.newDecoder().decode(ByteBuffer.wrap(text.toByteArray())).toString();
        }
        part = part.ref().slice();
      }
    } catch (CellException | CharacterCodingException e) {
      return null;
    }
  }
}
