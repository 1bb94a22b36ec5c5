package org.cocoon.router.ledger;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server process: making its files, starting, stopping, and finding one that was left.
 * Blocks; any thread.
 */
final class PostgresProcess {
  private static final Logger log = LoggerFactory.getLogger(PostgresProcess.class);
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration FAST_STOP = Duration.ofSeconds(5);
  private static final Duration IMMEDIATE_STOP = Duration.ofSeconds(5);
  private static final long POLL_MILLIS = 5;
  private static final int STATUS_LINE = 7;
  private static final int LOG_TAIL_CHARS = 500;

  /**
   * Runs a server ("$@") in place of this shell, in a session of its own so that Ctrl-C reaches
   * only the router, and beside it a watch that stops it when our end of the pipe is gone.
   */
  private static final String WATCHED =
      "exec 3<&0; (read -r _ <&3; kill -INT $$) >/dev/null 2>&1 & exec \"$@\" 3<&- </dev/null";

  private static final List<String> SETTINGS =
      List.of(
          "listen_addresses=127.0.0.1",
          "unix_socket_directories=",
          "fsync=on",
          "full_page_writes=on",
          "recovery_init_sync_method=syncfs",
          "synchronous_commit=on",
          "max_connections=40",
          "shared_buffers=64MB",
          "max_wal_size=512MB",
          "checkpoint_timeout=15min",
          "wal_level=minimal",
          "max_wal_senders=0",
          "max_logical_replication_workers=0",
          "jit=off",
          "logging_collector=off",
          "timezone=UTC");

  private PostgresProcess() {}

  /**
   * Makes the files of a database with one user.
   *
   * @param home holds the file {@code password}, and takes the log
   */
  static void initialise(Path home, Path bin, Path data, String user) throws IOException {
    // Made beside and then renamed: what a killed process leaves is never taken for a database.
    Path draft = home.resolve("data.new");
    PostgresBinaries.deleteTree(draft);
    Path output = home.resolve("log");
    List<String> command = new ArrayList<>(notAsRoot());
    command.addAll(
        List.of(
            bin.resolve("initdb").toString(),
            "--pgdata=" + draft,
            "--username=" + user,
            "--pwfile=" + home.resolve("password"),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--sync-method=syncfs",
            "--no-locale"));
    Process initdb =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    initdb.getOutputStream().close();
    if (!exits(initdb.toHandle(), START) || initdb.exitValue() != 0) {
      initdb.destroyForcibly();
      throw new IOException("PostgreSQL's initdb failed: " + tail(output));
    }
    Files.move(draft, data);
    try (FileChannel entry = FileChannel.open(home, StandardOpenOption.READ)) {
      entry.force(true); // so that the name is as durable as what is written under it
    }
  }

  /** Starts a server and waits until it takes connections. */
  static Process launch(Path home, Path bin, Path data, int port) throws IOException {
    Path output = home.resolve("log");
    List<String> command = new ArrayList<>(List.of("setsid", "sh", "-c", WATCHED, "postgres"));
    command.addAll(notAsRoot());
    command.addAll(
        List.of(bin.resolve("postgres").toString(), "-D", data.toString(), "-p", "" + port));
    for (String setting : SETTINGS) {
      command.add("-c");
      command.add(setting);
    }
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      awaitReady(server, data.resolve("postmaster.pid"), output);
      return server;
    } catch (IOException | RuntimeException e) {
      stop(server.toHandle());
      throw e;
    }
  }

  /** PostgreSQL writes its state into its pid file; this is what pg_ctl waits for, too. */
  private static void awaitReady(Process server, Path pidFile, Path output) throws IOException {
    long deadline = System.nanoTime() + START.toNanos();
    while (System.nanoTime() < deadline) {
      if (exits(server.toHandle(), Duration.ofMillis(POLL_MILLIS))) {
        throw new IOException("PostgreSQL does not start: " + tail(output));
      }
      try {
        List<String> lines = Files.readAllLines(pidFile);
        if (lines.size() > STATUS_LINE && lines.get(STATUS_LINE).startsWith("ready")) {
          return;
        }
      } catch (NoSuchFileException e) {
        log.trace("not yet there", e);
      }
    }
    throw new IOException("PostgreSQL is not ready after " + START + ": " + tail(output));
  }

  /** Stops a server that outlived its router, and clears the pid file if it belongs to nobody. */
  static void stopOrphan(Path data) throws IOException {
    Path pidFile = data.resolve("postmaster.pid");
    List<String> lines;
    try {
      lines = Files.readAllLines(pidFile);
    } catch (NoSuchFileException e) {
      return;
    }
    ProcessHandle orphan = lines.isEmpty() ? null : runningOn(data, lines.getFirst());
    if (orphan != null) {
      log.atWarn()
          .addKeyValue("event", "postgres.orphan")
          .addKeyValue("pid", orphan.pid())
          .log("stopping a PostgreSQL that outlived its router");
      stop(orphan);
    }
    // The pid may be some other program's by now, and PostgreSQL would refuse to start.
    Files.deleteIfExists(pidFile);
  }

  private static @Nullable ProcessHandle runningOn(Path data, String pid) throws IOException {
    if (!pid.matches("[0-9]{1,10}")) {
      return null;
    }
    try {
      String command =
          Files.readString(Path.of("/proc", pid, "cmdline"), StandardCharsets.ISO_8859_1);
      List<String> arguments = List.of(command.split("\0", -1));
      boolean ours =
          arguments.getFirst().endsWith("/postgres") && arguments.contains(data.toString());
      return ours ? ProcessHandle.of(Long.parseLong(pid)).orElse(null) : null;
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** A fast shutdown, then an immediate one (it recovers at the next start), then the end. */
  static void stop(ProcessHandle server) throws IOException {
    signal("INT", server);
    if (!exits(server, FAST_STOP)) {
      signal("QUIT", server);
      if (!exits(server, IMMEDIATE_STOP)) {
        server.destroyForcibly();
        exits(server, IMMEDIATE_STOP);
      }
    }
  }

  private static void signal(String name, ProcessHandle server) throws IOException {
    if (server.isAlive()) {
      Process kill =
          new ProcessBuilder("sh", "-c", "kill -" + name + " " + server.pid())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      exits(kill.toHandle(), IMMEDIATE_STOP);
    }
  }

  private static boolean exits(ProcessHandle process, Duration within) throws IOException {
    try {
      process.onExit().get(within.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a process was to end", e);
    }
  }

  private static List<String> notAsRoot() {
    return "root".equals(System.getProperty("user.name"))
        ? List.of("unshare", "--user")
        : List.of();
  }

  private static String tail(Path output) throws IOException {
    String text = Files.readString(output, StandardCharsets.ISO_8859_1).strip();
    return text.substring(Math.max(0, text.length() - LOG_TAIL_CHARS));
  }
}
