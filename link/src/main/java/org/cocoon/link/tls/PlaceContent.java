package org.cocoon.link.tls;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.SortedSet;
import java.util.TreeSet;
import org.cocoon.link.evidence.Digests;

/** Names what is at a path, so that it can be told whether it changed. */
final class PlaceContent {
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_FILES = 1_000;

  private PlaceContent() {}

  /**
   * Of a file the digest of its first MiB; of a folder what the file system says of its first
   * thousand files, since to read them all four times a second would cost more than it is worth: a
   * file that was moved there is another one even with the same size and time. What cannot be read
   * is named by the reason.
   */
  static String of(Path path) {
    try {
      return Files.isDirectory(path) ? folder(path) : file(path);
    } catch (IOException e) {
      return e.toString();
    } catch (DirectoryIteratorException e) {
      return e.toString();
    }
  }

  private static String file(Path path) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return Digests.sha256Hex(in.readNBytes(MAX_BYTES));
    }
  }

  private static String folder(Path path) throws IOException {
    SortedSet<String> entries = new TreeSet<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
      for (Path file : files) {
        if (entries.size() == MAX_FILES) {
          break;
        }
        BasicFileAttributes is = Files.readAttributes(file, BasicFileAttributes.class);
        entries.add(file + " " + is.size() + " " + is.lastModifiedTime() + " " + is.fileKey());
      }
    }
    return Digests.sha256Hex(entries.toString().getBytes(StandardCharsets.UTF_8));
  }
}
