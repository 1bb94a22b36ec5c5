package org.cocoon.worker.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.cocoon.backend.BackendException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where an operator's orders arrive: a Unix socket in a folder that only the worker's own user may
 * enter, which is all of its authentication.
 *
 * <p>One order a connection: a line in, then lines of {@code {"told": ...}} and at last one of
 * {@code {"done": ...}} or {@code {"refused": ...}}.
 */
public final class ControlSocket implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ControlSocket.class);
  private static final int MOST_ORDERS = 8;
  private static final int MOST_BYTES = 16 << 10;
  private static final int PATIENCE_SECONDS = 10;

  private final ServerSocketChannel server;
  private final Path path;
  private final ModelControl control;
  private final Semaphore room = new Semaphore(MOST_ORDERS);
  private final ObjectMapper json = new ObjectMapper();

  private ControlSocket(ServerSocketChannel server, Path path, ModelControl control) {
    this.server = server;
    this.path = path;
    this.control = control;
  }

  /** Where the socket of a worker with that folder is. */
  static Path in(Path state) {
    return state.resolve("control").resolve("socket");
  }

  /**
   * Listens.
   *
   * @param state the worker's folder; another worker must not listen there
   * @throws IOException a sentence, if it cannot be
   */
  public static ControlSocket open(Path state, ModelControl control) throws IOException {
    Path path = in(state.toAbsolutePath());
    Path folder = path.resolveSibling("");
    Files.createDirectories(state);
    if (!Files.isDirectory(folder)) {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
    if (Files.exists(path)) {
      if (answers(path)) {
        throw new IOException(
            "another worker uses " + state + ": give each a folder of its own with --state DIR");
      }
      Files.delete(path); // of one that was killed
    }
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(path));
    } catch (IOException | IllegalArgumentException e) {
      server.close();
      throw new IOException(
          "cannot listen at %s: %s; a shorter --state DIR may help".formatted(path, e.getMessage()),
          e);
    }
    ControlSocket opened = new ControlSocket(server, path, control);
    Thread.ofPlatform().daemon().name("control").start(opened::accept);
    return opened;
  }

  private static boolean answers(Path path) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  private void accept() {
    while (server.isOpen()) {
      try {
        SocketChannel client = server.accept();
        if (room.tryAcquire()) {
          Thread.ofPlatform().daemon().name("order").start(() -> serve(client));
        } else {
          client.close();
        }
      } catch (IOException e) {
        if (server.isOpen()) {
          log.error("event=control_failed", e);
          return;
        }
      }
    }
  }

  private void serve(SocketChannel client) {
    try (client) {
      String answer = obey(line(client), told -> write(client, "told", told), client);
      log.debug("event=order_done answer=\"{}\"", answer);
    } catch (IOException | UncheckedIOException e) {
      log.info("event=order_not_heard reason=\"{}\"", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      room.release();
    }
  }

  private String obey(String line, Consumer<String> told, SocketChannel client)
      throws InterruptedException {
    // Who asked may leave; what was begun is brought to its end.
    Consumer<String> kept =
        words -> {
          try {
            told.accept(words);
          } catch (UncheckedIOException e) {
            log.debug("event=order_left", e);
          }
        };
    try {
      String done =
          switch (Order.parse(line)) {
            case Order.Load(ModelSpec model) -> control.load(model, kept);
            case Order.Unload(String name) -> control.unload(name, kept);
            case Order.Models() -> String.join("\n", control.models());
          };
      write(client, "done", done);
      return done;
    } catch (BackendException | IllegalArgumentException e) {
      String why = String.valueOf(e.getMessage());
      write(client, "refused", why);
      return why;
    }
  }

  private void write(SocketChannel client, String kind, String words) {
    try {
      ByteBuffer bytes =
          ByteBuffer.wrap((json.createObjectNode().put(kind, words) + "\n").getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        client.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads one line; who sends none in time is left. */
  private static String line(SocketChannel client) throws IOException {
    AtomicBoolean read = new AtomicBoolean();
    CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .execute(
            () -> {
              if (!read.get()) {
                leave(client);
              }
            });
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(1024);
    while (line.size() < MOST_BYTES && client.read(buffer) >= 0) {
      for (buffer.flip(); buffer.hasRemaining(); ) {
        byte next = buffer.get();
        if (next == '\n') {
          read.set(true);
          return line.toString(UTF_8);
        }
        line.write(next);
      }
      buffer.clear();
    }
    throw new IOException("no line of an order within " + MOST_BYTES + " bytes");
  }

  private static void leave(SocketChannel client) {
    try {
      client.close();
    } catch (IOException e) {
      log.debug("event=order_not_waited_for", e);
    }
  }

  /** Listens no longer; orders that are under way go on. */
  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(path);
  }
}
