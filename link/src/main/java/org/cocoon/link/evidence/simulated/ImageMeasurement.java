package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.Role;

/**
 * What a simulated TEE measures: the program's jars, where hardware measures a whole machine image.
 *
 * <p>mrTd is SHA-384 over one line for each file, sorted: its SHA-256 in hexadecimal, two spaces,
 * its name without folders. Folders, memory and options are not measured.
 *
 * @param mrTd 96 lower-case hexadecimal digits
 */
public record ImageMeasurement(String mrTd) {
  private static final int BUFFER_BYTES = 256 * 1024;
  private static final long SEPT_VE_DISABLE = 1L << 28;
  private static final long XFAM = 0x602e7;
  private static final String MR_SEAM = "00".repeat(48);

  /** What simulated trust domains are, besides their image. */
  public static final Policy.Domains DOMAINS =
      new Policy.Domains(Set.of(SEPT_VE_DISABLE), Set.of(XFAM), Set.of(MR_SEAM));

  /**
   * Measures a program's jar and the jars of its manifest's class path.
   *
   * @throws IOException if one of them cannot be read
   */
  public static ImageMeasurement ofJar(Path jar) throws IOException {
    return of(withManifestClassPath(jar));
  }

  /**
   * Measures the running program: every entry of its class path, and what their manifests name.
   *
   * @throws IOException if one of them cannot be read
   */
  public static ImageMeasurement ofRunningProgram() throws IOException {
    Set<Path> files = new LinkedHashSet<>();
    String classPath = System.getProperty("java.class.path", "");
    for (String entry : classPath.split(File.pathSeparator, -1)) {
      Path path = Path.of(entry);
      if (Files.isDirectory(path)) {
        try (Stream<Path> inside = Files.walk(path)) {
          inside.filter(Files::isRegularFile).forEach(files::add);
        }
      } else if (Files.exists(path)) {
        files.addAll(withManifestClassPath(path));
      }
    }
    return of(files);
  }

  /** The registers of a trust domain that runs this image in a role, for some report data. */
  public Measurements measurements(Role role, byte[] reportData) {
    String zeros = "00".repeat(48);
    return new Measurements(
        "07010300000000000000000000000000",
        MR_SEAM,
        zeros,
        0,
        SEPT_VE_DISABLE,
        XFAM,
        mrTd,
        HexFormat.of().formatHex(Arrays.copyOf(role.word().getBytes(US_ASCII), 48)),
        zeros,
        zeros,
        zeros,
        zeros,
        zeros,
        zeros,
        HexFormat.of().formatHex(reportData),
        "00".repeat(16),
        zeros);
  }

  /** The name of this image in a role under TDX, as a policy lists it. */
  public String imageHash(Role role) {
    return measurements(role, new byte[Measurements.REPORT_DATA_BYTES]).imageHash();
  }

  /** The names of this image in a role on a simulated TEE of either maker. */
  public Set<String> imageHashes(Role role) {
    return Set.of(imageHash(role), SimulatedSnpPlatform.imageHash(this, role));
  }

  private static Set<Path> withManifestClassPath(Path jar) throws IOException {
    Set<Path> jars = new LinkedHashSet<>(List.of(jar));
    try (JarFile file = new JarFile(jar.toFile())) {
      Manifest manifest = file.getManifest();
      String names =
          manifest == null
              ? null
              : manifest.getMainAttributes().getValue(Attributes.Name.CLASS_PATH);
      if (names != null && !names.isBlank()) {
        for (String name : names.strip().split("\\s+", -1)) {
          jars.add(jar.resolveSibling(name));
        }
      }
    }
    return jars;
  }

  private static ImageMeasurement of(Set<Path> files) throws IOException {
    try {
      // In parallel, since a router's jars are about 60 MB and this is on the way to its start.
      List<String> lines =
          files.parallelStream().map(file -> sha256(file) + "  " + file.getFileName()).toList();
      MessageDigest digest = Digests.of("SHA-384");
      for (String line : new TreeSet<>(lines)) {
        digest.update((line + "\n").getBytes(UTF_8));
      }
      return new ImageMeasurement(HexFormat.of().formatHex(digest.digest()));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static String sha256(Path file) {
    MessageDigest digest = Digests.of("SHA-256");
    byte[] buffer = new byte[BUFFER_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot measure " + file + ": " + e.getMessage(), e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
