package org.cocoon.link.evidence.gpu;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.cocoon.link.evidence.P384;

/**
 * The layout of a GPU's report; integers are little-endian, the signature big-endian.
 *
 * <pre>
 * request 37   version 11 | code e0 | 01 (signed) | ff (all) | nonce 32 | slot u8
 * answer       version 11 | code 60 | 00 | slot u8 | blocks u8 | length u24
 *   blocks     index u8 | 01 (DMTF) | size u16 | value type u8 | size u16 | value
 *   nonce 32 | opaque length u16
 *   opaque     number u16 | size u16 | value
 *   signature  r 48 | s 48
 * </pre>
 */
final class GpuReportParser {
  static final int OPAQUE_DRIVER_VERSION = 3;
  static final int OPAQUE_VBIOS_VERSION = 6;
  static final int OPAQUE_FIRMWARE_ID = 20;

  private static final int VERSION = 0x11;
  private static final int GET_MEASUREMENTS = 0xe0;
  private static final int MEASUREMENTS = 0x60;
  private static final int SIGNED = 0x01;
  private static final int ALL = 0xff;
  private static final int MAX_SLOT = 7;
  private static final int DMTF = 0x01;
  private static final int DMTF_HEADER_BYTES = 3;
  private static final int HASH_BYTES = 48;
  private static final int VBIOS_BYTES = 8;

  private final ByteBuffer buffer;

  private GpuReportParser(byte[] bytes) {
    buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static GpuReport parse(byte[] bytes) {
    if (bytes.length > GpuReport.MAX_BYTES) {
      return new GpuReport.Malformed(
          "it has " + bytes.length + " bytes, more than " + GpuReport.MAX_BYTES);
    }
    try {
      return new GpuReportParser(bytes).read();
    } catch (MalformedReportException e) {
      return new GpuReport.Malformed(String.valueOf(e.getMessage()));
    }
  }

  private GpuReport.Parsed read() throws MalformedReportException {
    require(u8("the request's version"), VERSION, "the request's version");
    require(u8("the request's code"), GET_MEASUREMENTS, "the request's code");
    require(u8("the signature request"), SIGNED, "the signature request");
    require(u8("the request's index"), ALL, "the request's index");
    byte[] nonce = bytes(GpuReport.NONCE_BYTES, "the request's nonce");
    int slot = u8("the request's slot");
    if (slot > MAX_SLOT) {
      throw new MalformedReportException("the slot is " + slot + ", more than " + MAX_SLOT);
    }
    require(u8("the answer's version"), VERSION, "the answer's version");
    require(u8("the answer's code"), MEASUREMENTS, "the answer's code");
    require(u8("the answer's first parameter"), 0, "the answer's first parameter");
    require(u8("the answer's slot"), slot, "the answer's slot");
    int blocks = u8("the number of measurements");
    int recordBytes = u8("the measurements' length") | u16("the measurements' length") << 8;
    SortedMap<Integer, String> measurements =
        measurements(slice(recordBytes, "the measurements"), blocks);
    bytes(GpuReport.NONCE_BYTES, "the answer's nonce");
    Map<Integer, byte[]> opaque = opaque(slice(u16("the opaque data's length"), "the opaque data"));
    byte[] signedBytes = Arrays.copyOf(buffer.array(), buffer.position());
    byte[] signature = bytes(P384.SIGNATURE_BYTES, "the signature");
    if (buffer.hasRemaining()) {
      throw new MalformedReportException(buffer.remaining() + " bytes follow the signature");
    }
    return new GpuReport.Parsed(
        HexFormat.of().formatHex(nonce),
        measurements,
        driverVersion(opaque),
        vbiosVersion(opaque),
        firmwareId(opaque),
        opaque,
        signedBytes,
        signature);
  }

  private static SortedMap<Integer, String> measurements(GpuReportParser record, int blocks)
      throws MalformedReportException {
    SortedMap<Integer, String> measurements = new TreeMap<>();
    while (record.buffer.hasRemaining()) {
      int index = record.u8("a measurement's index");
      String name = "measurement " + index;
      require(record.u8(name), DMTF, "the specification of " + name);
      require(record.u16(name), DMTF_HEADER_BYTES + HASH_BYTES, "the size of " + name);
      record.u8(name);
      require(record.u16(name), HASH_BYTES, "the value's size of " + name);
      String value = HexFormat.of().formatHex(record.bytes(HASH_BYTES, name));
      if (measurements.put(index, value) != null) {
        throw new MalformedReportException(name + " is there twice");
      }
    }
    require(measurements.size(), blocks, "the number of measurements");
    return Collections.unmodifiableSortedMap(measurements);
  }

  private static Map<Integer, byte[]> opaque(GpuReportParser data) throws MalformedReportException {
    Map<Integer, byte[]> fields = new LinkedHashMap<>();
    while (data.buffer.hasRemaining()) {
      int number = data.u16("an opaque field's number");
      String name = "opaque field " + number;
      if (fields.put(number, data.bytes(data.u16(name), name)) != null) {
        throw new MalformedReportException(name + " is there twice");
      }
    }
    return Collections.unmodifiableMap(fields);
  }

  /** Printable ASCII that ends in zeros. */
  private static String driverVersion(Map<Integer, byte[]> opaque) throws MalformedReportException {
    String text = new String(field(opaque, OPAQUE_DRIVER_VERSION, "driver version"), US_ASCII);
    String version = text.replaceFirst("\0+$", "");
    if (version.isEmpty() || !version.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
      throw new MalformedReportException("the driver version is not printable text");
    }
    return version;
  }

  /**
   * The upper half's bytes, as NVIDIA writes them: "96.00.5E.00.01" for 00 5e 00 96 01 00 00 00.
   */
  private static String vbiosVersion(Map<Integer, byte[]> opaque) throws MalformedReportException {
    byte[] value = field(opaque, OPAQUE_VBIOS_VERSION, "VBIOS version");
    require(value.length, VBIOS_BYTES, "the VBIOS version's size");
    return "%02X.%02X.%02X.%02X.%02X"
        .formatted(value[3], value[2], value[1], value[0], value[4])
        .toUpperCase(Locale.ROOT);
  }

  private static Optional<String> firmwareId(Map<Integer, byte[]> opaque)
      throws MalformedReportException {
    byte[] value = opaque.get(OPAQUE_FIRMWARE_ID);
    if (value == null) {
      return Optional.empty();
    }
    require(value.length, HASH_BYTES, "the firmware id's size");
    return Optional.of(HexFormat.of().formatHex(value));
  }

  private static byte[] field(Map<Integer, byte[]> opaque, int number, String name)
      throws MalformedReportException {
    byte[] value = opaque.get(number);
    if (value == null) {
      throw new MalformedReportException("the opaque data has no " + name);
    }
    return value;
  }

  private static void require(int actual, int expected, String name)
      throws MalformedReportException {
    if (actual != expected) {
      throw new MalformedReportException(name + " is " + actual + ", not " + expected);
    }
  }

  private GpuReportParser slice(int length, String name) throws MalformedReportException {
    return new GpuReportParser(bytes(length, name));
  }

  private int u8(String name) throws MalformedReportException {
    need(1, name);
    return Byte.toUnsignedInt(buffer.get());
  }

  private int u16(String name) throws MalformedReportException {
    need(2, name);
    return Short.toUnsignedInt(buffer.getShort());
  }

  private byte[] bytes(int length, String name) throws MalformedReportException {
    need(length, name);
    byte[] bytes = new byte[length];
    buffer.get(bytes);
    return bytes;
  }

  private void need(int length, String name) throws MalformedReportException {
    if (buffer.remaining() < length) {
      throw new MalformedReportException(
          name + " needs " + length + " bytes, but " + buffer.remaining() + " are left");
    }
  }

  /** Ends a parse; {@link #parse} turns it into a value. */
  private static final class MalformedReportException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedReportException(String reason) {
      super(reason, null, false, false);
    }
  }
}
