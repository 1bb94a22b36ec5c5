package org.cocoon.router.ledger;

import static java.nio.file.attribute.PosixFilePermission.OWNER_EXECUTE;
import static java.nio.file.attribute.PosixFilePermission.OWNER_READ;
import static java.nio.file.attribute.PosixFilePermission.OWNER_WRITE;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server of this process alone, with everything that it keeps in one folder.
 *
 * <pre>
 *   lock       held while a process uses the folder
 *   binaries/  unpacked once (see {@link PostgresBinaries})
 *   password   of the one user, mode 0600
 *   data/      the database, kept between runs
 *   log        of the last run
 * </pre>
 *
 * <p>It listens on 127.0.0.1 only and asks for the password. fsync, full_page_writes and
 * synchronous_commit are on. It never outlives this process for long: a shell beside it waits on a
 * pipe from here and stops it when the pipe breaks, as it does even at a kill -9; should that fail
 * too, the next start stops what it finds running on the folder. A server that ends unasked is
 * started again. As root it runs in a user namespace of its own, where it is not root, because
 * PostgreSQL refuses to be.
 *
 * <p>Its methods block; any thread.
 */
public final class LocalPostgres implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LocalPostgres.class);
  private static final String USER = "cocoon";
  private static final String DATABASE = "postgres";
  private static final int PASSWORD_BYTES = 24;

  /** Of postmaster.pid, from 0. */
  private static final int PORT_LINE = 3;

  private static final Duration RESTART_PAUSE = Duration.ofMillis(500);

  private final Path home;
  private final Path bin;
  private final FileLock lock;
  private final DatabaseUrl url;
  private volatile Process server;
  private volatile boolean closed;

  private LocalPostgres(Path home, Path bin, FileLock lock, DatabaseUrl url) throws IOException {
    this.home = home;
    this.bin = bin;
    this.lock = lock;
    this.url = url;
    this.server = launch();
  }

  /**
   * Starts the server of a folder, which is made and filled the first time (some seconds; later a
   * fraction of one), and waits until it takes connections.
   *
   * @param folder of its own; made with mode 0700
   * @param port to listen on, or 0 for a free one
   * @throws IOException if another process uses the folder or the server does not start; the
   *     message says why
   */
  public static LocalPostgres start(Path folder, int port) throws IOException {
    Path home = folder.toAbsolutePath().normalize();
    Files.createDirectories(
        home, PosixFilePermissions.asFileAttribute(Set.of(OWNER_READ, OWNER_WRITE, OWNER_EXECUTE)));
    FileLock lock = lock(home);
    try {
      PostgresProcess.stopOrphan(data(home));
      Path bin = PostgresBinaries.unpack(home.resolve("binaries")).resolve("bin");
      String password = password(home.resolve("password"));
      if (!Files.exists(data(home))) {
        PostgresProcess.initialise(home, bin, data(home), USER);
      }
      DatabaseUrl url =
          new DatabaseUrl("127.0.0.1", port == 0 ? freePort() : port, DATABASE, USER, password);
      LocalPostgres postgres = new LocalPostgres(home, bin, lock, url);
      postgres.superviseFromNowOn();
      return postgres;
    } catch (IOException | RuntimeException e) {
      lock.channel().close();
      throw e;
    }
  }

  /**
   * Where the server of a folder listens while some process has it running, or null if none has.
   *
   * @throws IOException if the folder cannot be read
   */
  static @Nullable DatabaseUrl running(Path folder) throws IOException {
    Path home = folder.toAbsolutePath().normalize();
    try {
      lock(home).channel().close();
      return null;
    } catch (IOException inUse) {
      log.debug("{}", inUse.toString());
    }
    List<String> state = Files.readAllLines(data(home).resolve("postmaster.pid"));
    if (state.size() <= PORT_LINE) {
      throw new IOException("the database in " + home + " is just starting: try again");
    }
    return new DatabaseUrl(
        "127.0.0.1",
        Integer.parseInt(state.get(PORT_LINE).strip()),
        DATABASE,
        USER,
        Files.readString(home.resolve("password")));
  }

  /** Where it listens, with the password. The same for as long as this is open. */
  public DatabaseUrl url() {
    return url;
  }

  /** Stops the server: connections are cut, transactions that run are rolled back. */
  @Override
  public void close() throws IOException {
    synchronized (this) { // so that no other one is started behind our back
      closed = true;
      PostgresProcess.stop(server.toHandle());
    }
    lock.channel().close();
    log.atInfo().addKeyValue("event", "postgres.stopped").log("PostgreSQL has stopped");
  }

  /** The process, for tests that end it without asking. */
  ProcessHandle process() {
    return server.toHandle();
  }

  private Process launch() throws IOException {
    Process started = PostgresProcess.launch(home, bin, data(home), url.port());
    log.atInfo()
        .addKeyValue("event", "postgres.started")
        .addKeyValue("port", url.port())
        .addKeyValue("pid", started.pid())
        .log("PostgreSQL runs in {}", home);
    return started;
  }

  /** Starts the server again when it ends unasked, as at the hands of the out-of-memory killer. */
  private void superviseFromNowOn() {
    Thread.ofVirtual()
        .name("postgres-supervisor")
        .start(
            () -> {
              try {
                while (!closed) {
                  server.waitFor();
                  restart();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
  }

  private void restart() throws InterruptedException {
    synchronized (this) {
      if (closed) {
        return;
      }
      log.atError().addKeyValue("event", "postgres.ended").log("PostgreSQL has ended unasked");
      try {
        PostgresProcess.stopOrphan(data(home));
        server = launch();
        return;
      } catch (IOException e) {
        log.atError().addKeyValue("event", "postgres.failed").log("{}", e.toString());
      }
    }
    Thread.sleep(RESTART_PAUSE);
  }

  private static FileLock lock(Path home) throws IOException {
    FileChannel channel =
        FileChannel.open(home.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = null;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      log.debug("this very process has the lock: {}", e.toString());
    }
    if (lock == null) {
      channel.close();
      throw new IOException("another process uses the database in " + home);
    }
    return lock;
  }

  private static Path data(Path home) {
    return home.resolve("data");
  }

  private static String password(Path file) throws IOException {
    if (!Files.exists(file)) {
      byte[] secret = new byte[PASSWORD_BYTES];
      new SecureRandom().nextBytes(secret);
      Path draft =
          Files.createTempFile(
              file.resolveSibling("."),
              "password",
              null,
              PosixFilePermissions.asFileAttribute(Set.of(OWNER_READ, OWNER_WRITE)));
      Files.writeString(draft, Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
      Files.move(draft, file);
    }
    return Files.readString(file);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
