package org.cocoon.bench.network;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.cocoon.link.registry.RegistryAddress;
import org.cocoon.link.registry.RegistryOptions;

/** A toncenter that knows one account, a registry, whose document a test changes at will. */
final class ScriptedRegistry implements AutoCloseable {
  private static final RegistryAddress ADDRESS = new RegistryAddress("0:" + "5e".repeat(32));
  private static final int BYTES_PER_CELL = 127;

  /** Between two looks in a test; 15 s by default. */
  static final Duration INTERVAL = Duration.ofMillis(500);

  private final HttpServer server;
  private long version;
  private String document = "";
  private volatile byte[] answer = new byte[0];

  ScriptedRegistry() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/api/v2/getAddressInformation",
        exchange -> {
          byte[] now = answer;
          exchange.sendResponseHeaders(200, now.length);
          exchange.getResponseBody().write(now);
          exchange.close();
        });
    server.start();
  }

  RegistryOptions options() {
    return RegistryOptions.of(
            ADDRESS,
            List.of(URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/api/v2")))
        .every(INTERVAL);
  }

  /** Applies another document. */
  void apply(String next) {
    version++;
    document = next;
    write(Optional.empty());
  }

  /** Takes one hash back, and leaves the document as it is. */
  void revoke(String hash) {
    write(Optional.of(hash));
  }

  private void write(Optional<String> revoked) {
    byte[] data = data(revoked);
    answer =
        "{\"ok\": true, \"result\": {\"data\": \"%s\", \"sync_utime\": %d}}"
            .formatted(Base64.getEncoder().encodeToString(data), System.currentTimeMillis() / 1000)
            .getBytes(UTF_8);
  }

  /** The contract's data as a bag of cells: root, document, and a dictionary with one key. */
  private byte[] data(Optional<String> revoked) {
    byte[] text = document.getBytes(UTF_8);
    int pieces = (text.length + BYTES_PER_CELL - 1) / BYTES_PER_CELL;
    ByteArrayOutputStream cells = new ByteArrayOutputStream();
    Bits root = new Bits().add("100").add("0".repeat(264)).add("00").number(3_600, 32);
    root.number(version, 32).number(0, 64).number(0, 32).add("0");
    root.add(revoked.isPresent() ? "1" : "0");
    cells.writeBytes(root.cell(revoked.isPresent() ? List.of(1, pieces + 1) : List.of(1)));
    for (int i = 0; i < pieces; i++) {
      int to = Math.min((i + 1) * BYTES_PER_CELL, text.length);
      byte[] piece = Arrays.copyOfRange(text, i * BYTES_PER_CELL, to);
      cells.writeBytes(new Bits().bytes(piece).cell(i + 1 < pieces ? List.of(i + 2) : List.of()));
    }
    revoked.ifPresent(
        hash ->
            cells.writeBytes(
                new Bits()
                    .add("10")
                    .number(256, 9)
                    .bytes(HexFormat.of().parseHex(hash))
                    .number(version, 32)
                    .cell(List.of())));
    int count = 1 + pieces + (revoked.isPresent() ? 1 : 0);
    return ByteBuffer.allocate(18 + cells.size())
        .putInt(0xb5ee9c72)
        .put((byte) 2)
        .put((byte) 4)
        .putShort((short) count)
        .putShort((short) 1)
        .putShort((short) 0)
        .putInt(cells.size())
        .putShort((short) 0)
        .put(cells.toByteArray())
        .array();
  }

  /** The bits of one cell. */
  private static final class Bits {
    private final StringBuilder bits = new StringBuilder();

    Bits add(String more) {
      bits.append(more);
      return this;
    }

    Bits number(long value, int count) {
      for (int i = count - 1; i >= 0; i--) {
        bits.append(value >> i & 1);
      }
      return this;
    }

    Bits bytes(byte[] bytes) {
      for (byte each : bytes) {
        number(each & 0xff, 8);
      }
      return this;
    }

    byte[] cell(List<Integer> refs) {
      boolean whole = bits.length() % 8 == 0;
      String padded = whole ? bits.toString() : bits + "1";
      int length = (padded.length() + 7) / 8;
      ByteBuffer cell = ByteBuffer.allocate(2 + length + 2 * refs.size());
      cell.put((byte) refs.size()).put((byte) (whole ? 2 * length : 2 * length - 1));
      for (int i = 0; i < length; i++) {
        String eight = padded.substring(8 * i, Math.min(8 * i + 8, padded.length()));
        cell.put((byte) (Integer.parseInt(eight, 2) << (8 - eight.length())));
      }
      refs.forEach(ref -> cell.putShort(ref.shortValue()));
      return cell.array();
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
