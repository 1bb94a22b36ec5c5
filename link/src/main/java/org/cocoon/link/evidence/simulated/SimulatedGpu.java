package org.cocoon.link.evidence.simulated;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.cocoon.link.evidence.Der;
import org.cocoon.link.evidence.Digests;
import org.cocoon.link.evidence.P384;
import org.cocoon.link.evidence.Policy;
import org.cocoon.link.evidence.gpu.GpuBundle;

/**
 * A GPU without hardware: reports in the exact layout of NVIDIA's, signed under a test root.
 *
 * <p>Every one is a new device of the chip "SIM100"; only the root outlives it.
 */
public final class SimulatedGpu {
  /** The chip's name in its certificates. */
  public static final String CHIP = "SIM100";

  /** What it says of its driver. */
  public static final String DRIVER_VERSION = "0.0-simulated";

  /** What it says of its VBIOS. */
  public static final String VBIOS_VERSION = "96.00.00.00.01";

  /** What a policy must accept for it. */
  public static final Policy.Gpus ACCEPTED =
      new Policy.Gpus(Set.of(CHIP), Set.of(DRIVER_VERSION), Set.of(VBIOS_VERSION));

  static final int MEASUREMENTS = 64;
  private static final int HASH_BYTES = 48;
  private static final Duration VALIDITY = Duration.ofDays(365);
  private static final Duration BACKDATED = Duration.ofHours(1);
  private static final byte[] FIRMWARE = firmwareHash();

  private final PrivateKey key;
  private final List<byte[]> chain;

  /** Makes one under a root, whose certificates are valid from an hour before now, for a year. */
  public SimulatedGpu(SimulatedGpuRoot root, Instant now) {
    KeyPair device = P384.newKeyPair();
    KeyPair firmware = P384.newKeyPair();
    Instant from = now.minus(BACKDATED);
    String deviceName = CHIP + " SIMULATED device";
    byte[] deviceCertificate =
        P384Authority.issue(
            deviceName,
            device.getPublic(),
            SimulatedGpuRoot.NAME,
            root.key(),
            from,
            VALIDITY,
            P384Authority.ca(0));
    byte[] firmwareCertificate =
        P384Authority.issue(
            CHIP + " SIMULATED firmware",
            firmware.getPublic(),
            deviceName,
            device.getPrivate(),
            from,
            VALIDITY,
            leaf(device.getPublic()));
    key = firmware.getPrivate();
    chain = List.of(firmwareCertificate, deviceCertificate, root.certificate());
  }

  /** Evidence for one nonce, 32 bytes. */
  public GpuBundle.Evidence evidence(byte[] nonce) {
    return new GpuBundle.Evidence(report(nonce), chain);
  }

  private byte[] report(byte[] nonce) {
    return sign(
        unsigned(nonce, DRIVER_VERSION, new byte[] {0, 0, 0, (byte) 0x96, 1, 0, 0, 0}, FIRMWARE));
  }

  byte[] sign(byte[] unsigned) {
    byte[] report = Arrays.copyOf(unsigned, unsigned.length + P384.SIGNATURE_BYTES);
    byte[] signature = P384.sign(key, unsigned);
    System.arraycopy(signature, 0, report, unsigned.length, signature.length);
    return report;
  }

  static byte[] unsigned(byte[] nonce, String driver, byte[] vbios, byte[] firmware) {
    int blockBytes = 7 + HASH_BYTES;
    byte[] driverField = Arrays.copyOf(driver.getBytes(US_ASCII), driver.length() + 1);
    int opaqueBytes = 3 * 4 + driverField.length + vbios.length + firmware.length;
    ByteBuffer buffer =
        ByteBuffer.allocate(37 + 8 + MEASUREMENTS * blockBytes + 32 + 2 + opaqueBytes)
            .order(ByteOrder.LITTLE_ENDIAN);
    buffer.put(new byte[] {0x11, (byte) 0xe0, 1, (byte) 0xff}).put(nonce).put((byte) 0);
    buffer.put(new byte[] {0x11, 0x60, 0, 0, MEASUREMENTS});
    buffer.putShort((short) (MEASUREMENTS * blockBytes)).put((byte) 0);
    for (int index = 1; index <= MEASUREMENTS; index++) {
      buffer.put((byte) index).put((byte) 1).putShort((short) (3 + HASH_BYTES));
      buffer.put((byte) 1).putShort((short) HASH_BYTES);
      buffer.put(Digests.of("SHA-384").digest(("SIMULATED measurement " + index).getBytes(UTF_8)));
    }
    buffer.put(Digests.sha256(nonce)).putShort((short) opaqueBytes);
    putField(buffer, 6, vbios);
    putField(buffer, 3, driverField);
    putField(buffer, 20, firmware);
    return buffer.array();
  }

  /** Key usage, and which firmware of which device made the key. */
  private static byte[] leaf(PublicKey device) {
    byte[] usage = Der.value(Der.BIT_STRING, new byte[] {7, (byte) 0x80});
    byte[] firmware =
        Der.sequence(
            Der.integer(1),
            device.getEncoded(),
            Der.sequence(Der.oid("2.16.840.1.101.3.4.2.2"), Der.octets(FIRMWARE)));
    return Der.sequence(
        Der.sequence(Der.oid("2.5.29.15"), P384Authority.TRUE, Der.octets(usage)),
        Der.sequence(Der.oid("2.23.133.5.4.1"), Der.octets(firmware)));
  }

  static byte[] firmwareHash() {
    return Digests.of("SHA-384").digest("SIMULATED firmware".getBytes(UTF_8));
  }

  private static void putField(ByteBuffer buffer, int number, byte[] value) {
    buffer.putShort((short) number).putShort((short) value.length).put(value);
  }
}
