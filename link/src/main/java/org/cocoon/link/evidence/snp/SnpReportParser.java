package org.cocoon.link.evidence.snp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.cocoon.link.evidence.P384;

/**
 * The layout of an SNP report, field by field; integers and the signature are little-endian.
 *
 * <pre>
 * 000 version u32 | guest SVN u32 | policy u64 | family id 16 | image id 16
 * 030 VMPL u32 | signature algorithm u32 (1) | current TCB u64 | platform info u64
 * 048 key flags u32 | 0 u32 | report data 64 | measurement 48 | host data 32
 * 0e0 id key digest 48 | author key digest 48 | report id 32 | report id of the agent 32
 * 180 reported TCB u64 | v3: family, model, stepping u8 | 0 | 1a0 chip id 64
 * 1e0 committed TCB u64 | current build, minor, major u8, 0 | committed build, minor, major u8, 0
 * 1f0 launch TCB u64 | v5: launch, current mitigations u64 | 0
 * 2a0 r 72 | s 72 | 0
 * </pre>
 */
final class SnpReportParser {
  static final int SIGNED_BYTES = 0x2a0;

  private static final int SIGNATURE_ECDSA_P384_SHA384 = 1;
  private static final int SCALAR_FIELD_BYTES = 72;
  private static final int KEY_FLAG_AUTHOR = 1;
  private static final int KEY_FLAG_MASKED = 2;
  private static final int KEY_FLAGS_RESERVED = ~0x1f;
  private static final int SIGNING_KEY_VLEK = 1;
  private static final int SIGNING_KEY_NONE = 7;

  private final byte[] bytes;
  private final ByteBuffer buffer;

  private SnpReportParser(byte[] bytes) {
    this.bytes = bytes;
    this.buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static SnpReport parse(byte[] bytes) {
    if (bytes.length != SnpReport.BYTES) {
      return new SnpReport.Malformed("it has " + bytes.length + " bytes, not " + SnpReport.BYTES);
    }
    SnpReportParser parser = new SnpReportParser(bytes.clone());
    Optional<String> fault = parser.fault();
    return fault.isPresent() ? new SnpReport.Malformed(fault.get()) : parser.parsed();
  }

  /** What is wrong with the form, if anything. */
  private Optional<String> fault() {
    int version = buffer.getInt(0);
    if (version < 2 || version > 5) {
      return Optional.of("the version is " + Integer.toUnsignedString(version) + ", not 2 to 5");
    }
    int algorithm = buffer.getInt(0x34);
    if (algorithm != SIGNATURE_ECDSA_P384_SHA384) {
      return Optional.of(
          "the signature algorithm is "
              + Integer.toUnsignedString(algorithm)
              + ", not 1 (ECDSA P-384 with SHA-384)");
    }
    int flags = buffer.getInt(0x48);
    if ((flags & KEY_FLAGS_RESERVED) != 0) {
      return Optional.of("the key flags have reserved bits: 0x" + Integer.toHexString(flags));
    }
    int signingKey = signingKey();
    if (signingKey == SIGNING_KEY_NONE) {
      return Optional.of("the report is not signed");
    }
    if (signingKey > SIGNING_KEY_VLEK) {
      return Optional.of("the signing key is " + signingKey + ", not 0 (VCEK) or 1 (VLEK)");
    }
    return reservedFault(version);
  }

  private Optional<String> reservedFault(int version) {
    int[][] reserved = {
      {0x4c, 0x50},
      {version >= 3 ? 0x18b : 0x188, 0x1a0},
      {0x1eb, 0x1ec},
      {0x1ef, 0x1f0},
      {version >= 5 ? 0x208 : 0x1f8, SIGNED_BYTES},
      // Above the 48 bytes that a P-384 value has.
      {SIGNED_BYTES + P384.SCALAR_BYTES, SIGNED_BYTES + SCALAR_FIELD_BYTES},
      {SIGNED_BYTES + SCALAR_FIELD_BYTES + P384.SCALAR_BYTES, SnpReport.BYTES}
    };
    for (int[] range : reserved) {
      for (int at = range[0]; at < range[1]; at++) {
        if (bytes[at] != 0) {
          return Optional.of("byte 0x" + Integer.toHexString(at) + " is reserved and not zero");
        }
      }
    }
    return Optional.empty();
  }

  private SnpReport.Parsed parsed() {
    int version = buffer.getInt(0);
    int flags = buffer.getInt(0x48);
    return new SnpReport.Parsed(
        version,
        Integer.toUnsignedLong(buffer.getInt(0x04)),
        new GuestPolicy(buffer.getLong(0x08)),
        hex(0x10, 16),
        hex(0x20, 16),
        Integer.toUnsignedLong(buffer.getInt(0x30)),
        buffer.getLong(0x38),
        buffer.getLong(0x40),
        (flags & KEY_FLAG_AUTHOR) != 0,
        (flags & KEY_FLAG_MASKED) != 0,
        signingKey() == SIGNING_KEY_VLEK ? SnpReport.SigningKey.VLEK : SnpReport.SigningKey.VCEK,
        hex(0x50, SnpReport.REPORT_DATA_BYTES),
        hex(0x90, 48),
        hex(0xc0, 32),
        hex(0xe0, 48),
        hex(0x110, 48),
        hex(0x140, 32),
        hex(0x160, 32),
        buffer.getLong(0x180),
        version >= 3
            ? Optional.of(new SnpReport.Cpuid(u8(0x188), u8(0x189), u8(0x18a)))
            : Optional.empty(),
        hex(0x1a0, 64),
        buffer.getLong(0x1e0),
        new SnpReport.Firmware(u8(0x1ea), u8(0x1e9), u8(0x1e8)),
        new SnpReport.Firmware(u8(0x1ee), u8(0x1ed), u8(0x1ec)),
        buffer.getLong(0x1f0),
        version >= 5 ? buffer.getLong(0x1f8) : 0,
        version >= 5 ? buffer.getLong(0x200) : 0,
        Arrays.copyOf(bytes, SIGNED_BYTES),
        signature());
  }

  private int signingKey() {
    return buffer.getInt(0x48) >>> 2 & 7;
  }

  /** r and s, little-endian in the report, as big-endian values. */
  private byte[] signature() {
    byte[] signature = new byte[P384.SIGNATURE_BYTES];
    for (int i = 0; i < P384.SCALAR_BYTES; i++) {
      signature[P384.SCALAR_BYTES - 1 - i] = bytes[SIGNED_BYTES + i];
      signature[P384.SIGNATURE_BYTES - 1 - i] = bytes[SIGNED_BYTES + SCALAR_FIELD_BYTES + i];
    }
    return signature;
  }

  private String hex(int offset, int length) {
    return HexFormat.of().formatHex(bytes, offset, offset + length);
  }

  private int u8(int offset) {
    return bytes[offset] & 0xff;
  }
}
