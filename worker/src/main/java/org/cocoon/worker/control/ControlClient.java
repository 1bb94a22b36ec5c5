package org.cocoon.worker.control;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** Gives an order to the worker of a folder, and shows what it tells. */
final class ControlClient {
  private final Path state;
  private final PrintWriter out;
  private final PrintWriter err;

  ControlClient(Path state, PrintWriter out, PrintWriter err) {
    this.state = state;
    this.out = out;
    this.err = err;
  }

  /** Returns the command's exit code: 0, or 1 where the worker refuses or none is there. */
  int give(Order order) {
    Path path = ControlSocket.in(state.toAbsolutePath());
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
        BufferedReader answers =
            new BufferedReader(Channels.newReader(channel, UTF_8.newDecoder(), -1))) {
      ByteBuffer line = ByteBuffer.wrap((order.line() + "\n").getBytes(UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
      for (String answer = answers.readLine(); answer != null; answer = answers.readLine()) {
        JsonNode said = new ObjectMapper().readTree(answer);
        if (said.has("told")) {
          show(out, "  " + said.path("told").asText());
        } else if (said.has("done")) {
          show(out, said.path("done").asText());
          return 0;
        } else {
          show(err, "worker: " + said.path("refused").asText());
          return 1;
        }
      }
      show(err, "worker: the worker ended before it was done; its log says why");
      return 1;
    } catch (IOException | IllegalArgumentException e) {
      show(
          err,
          "worker: no worker listens in %s (%s); --state DIR is the folder that it was started with"
              .formatted(state, e.getMessage()));
      return 1;
    }
  }

  private static void show(PrintWriter where, String words) {
    where.println(words);
    where.flush();
  }
}
