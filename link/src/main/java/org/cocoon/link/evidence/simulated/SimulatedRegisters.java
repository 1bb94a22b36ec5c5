package org.cocoon.link.evidence.simulated;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.HexFormat;
import org.cocoon.link.evidence.Measurements;
import org.cocoon.link.evidence.eventlog.RtmrExtender;

/**
 * The run-time registers of a simulated TEE, as the files of Linux's sysfs have them.
 *
 * <p>Used by the TEE's one thread. A register is extended when 48 bytes other than its value are in
 * its file; rtmr0 and rtmr1 are the firmware's and keep their value.
 */
final class SimulatedRegisters {
  private static final int REGISTERS = 4;
  private static final int FIRST_WRITABLE = 2;

  private final Path folder;
  private final byte[][] values = new byte[REGISTERS][RtmrExtender.DIGEST_BYTES];

  /** Makes a folder with all registers at zero. */
  SimulatedRegisters() throws IOException {
    folder = Files.createTempDirectory("cocoon-simulated-rtmr-");
    // For programs that end by a signal and close nothing; what comes last is deleted first.
    folder.toFile().deleteOnExit();
    for (int register = 0; register < REGISTERS; register++) {
      put(register);
      file(register).toFile().deleteOnExit();
    }
  }

  Path folder() {
    return folder;
  }

  /** Answers what was written. */
  void answer() throws IOException {
    for (int register = FIRST_WRITABLE; register < REGISTERS; register++) {
      byte[] written = Files.readAllBytes(file(register));
      if (written.length == RtmrExtender.DIGEST_BYTES
          && !Arrays.equals(written, values[register])) {
        values[register] = RtmrExtender.extended(values[register], written);
        put(register);
      }
    }
  }

  /** The same measurements with the registers' present values. */
  Measurements in(Measurements m) {
    return new Measurements(
        m.teeTcbSvn(),
        m.mrSeam(),
        m.mrSignerSeam(),
        m.seamAttributes(),
        m.tdAttributes(),
        m.xfam(),
        m.mrTd(),
        m.mrConfigId(),
        m.mrOwner(),
        m.mrOwnerConfig(),
        hex(0),
        hex(1),
        hex(2),
        hex(3),
        m.reportData(),
        m.teeTcbSvn2(),
        m.mrServiceTd());
  }

  void remove() throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }

  private String hex(int register) {
    return HexFormat.of().formatHex(values[register]);
  }

  private Path file(int register) {
    return folder.resolve(RtmrExtender.fileName(register));
  }

  /** Makes a register's value appear whole. */
  private void put(int register) throws IOException {
    Path whole = folder.resolve(".rtmr" + register);
    Files.write(whole, values[register]);
    Files.move(
        whole, file(register), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
