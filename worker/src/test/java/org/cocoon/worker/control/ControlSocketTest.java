package org.cocoon.worker.control;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.cocoon.backend.BackendException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, unit = TimeUnit.SECONDS)
class ControlSocketTest {
  @TempDir private Path state = Path.of("");

  private final BlockingQueue<String> orders = new LinkedBlockingQueue<>();
  private ControlSocket socket = startedLater();

  /** Notes what is ordered. */
  private final class Noting implements ModelControl {
    @Override
    public String load(ModelSpec model, Consumer<String> told) {
      String source = model.source();
      orders.add("load " + source + ' ' + model.name() + ' ' + model.hash());
      told.accept("hash 50 %, 900 MB/s");
      if (source.endsWith("bad")) {
        throw new BackendException("there is no model file " + source);
      }
      return source + " is served";
    }

    @Override
    public String unload(String name, Consumer<String> told) {
      orders.add("unload " + name);
      return name + " is given up";
    }

    @Override
    public List<String> models() {
      return List.of("one", "two");
    }
  }

  @SuppressWarnings("NullAway") // set before each test
  private static ControlSocket startedLater() {
    return null;
  }

  @BeforeEach
  void open() throws IOException {
    socket = ControlSocket.open(state, new Noting());
  }

  @AfterEach
  void close() throws IOException {
    socket.close();
  }

  private record Said(int code, String out, String err) {}

  private Said give(Order order) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = new ControlClient(state, new PrintWriter(out), new PrintWriter(err)).give(order);
    return new Said(code, out.toString(), err.toString());
  }

  @Test
  void anOrderIsCarriedOutAndItsProgressTold() throws Exception {
    String odd = "/models/with \"quotes\"\nand lines.gguf";
    Said said = give(new Order.Load(new ModelSpec(odd, "name", "ab")));
    assertEquals("load " + odd + " name ab", orders.take());
    assertEquals(0, said.code());
    assertTrue(said.out().contains("  hash 50 %, 900 MB/s\n"), said.out());
    assertTrue(said.out().endsWith("is served\n"), said.out());
    assertEquals("two is given up\n", give(new Order.Unload("two")).out());
    assertEquals("one\ntwo\n", give(new Order.Models()).out());
  }

  @Test
  void aRefusalIsASentenceAndAnExitCode() {
    Said said = give(new Order.Load(new ModelSpec("bad", "", "")));
    assertEquals(1, said.code());
    assertEquals("worker: there is no model file bad\n", said.err());
  }

  @Test
  void onlyTheOwnUserMayEnterItsFolder() throws Exception {
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(ControlSocket.in(state).resolveSibling(""))));
  }

  @Test
  void aFolderIsOneWorkersButForOneThatWasKilled() throws Exception {
    IOException taken =
        assertThrows(IOException.class, () -> ControlSocket.open(state, new Noting()));
    assertTrue(String.valueOf(taken.getMessage()).contains("another worker uses"));
    assertEquals(0, give(new Order.Models()).code(), "which goes on listening");
    socket.close();
    assertFalse(Files.exists(ControlSocket.in(state)));
    assertEquals(1, give(new Order.Models()).code());
    ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    killed.bind(UnixDomainSocketAddress.of(ControlSocket.in(state)));
    killed.close(); // its file stays
    socket = ControlSocket.open(state, new Noting());
    assertEquals(0, give(new Order.Models()).code());
  }

  private String answer(String bytes) throws IOException {
    try (SocketChannel channel =
        SocketChannel.open(UnixDomainSocketAddress.of(ControlSocket.in(state)))) {
      channel.write(ByteBuffer.wrap(bytes.getBytes(UTF_8)));
      StringBuilder answer = new StringBuilder();
      var in = Channels.newReader(channel, UTF_8);
      for (int next = in.read(); next >= 0; next = in.read()) {
        answer.append((char) next);
      }
      return answer.toString();
    } catch (IOException cut) {
      return "";
    }
  }

  @Test
  void whatIsNoOrderIsRefusedAndOneThatNeverEndsIsCut() throws Exception {
    assertTrue(answer("hello\n").contains("refused"));
    assertTrue(answer("{\"order\":\"dance\"}\n").contains("load, unload or models"));
    assertTrue(answer("[]\n").contains("refused"));
    assertEquals("", answer("x".repeat(20_000)));
    assertTrue(orders.isEmpty());
    assertEquals(0, give(new Order.Models()).code());
  }
}
