package org.cocoon.link.sealing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.cocoon.link.evidence.Role;
import org.junit.jupiter.api.Test;

final class HardwareSealingTest {
  private static final HexFormat HEX = HexFormat.of();

  @Test
  void requestAsksForPolicyAndMeasurementOfTheChipsKey() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = SnpDerivedKey.encodeRequest(arena);
      assertEquals(
          "00000000" + "00000000" + "0900000000000000" + "00000000" + "00000000" + "00".repeat(8),
          hex(request));
      MemorySegment response = arena.allocate(SnpDerivedKey.RESPONSE_BYTES, 8);
      MemorySegment ioctl = SnpDerivedKey.encodeIoctl(request, response, arena);
      assertEquals(
          "0100000000000000" + address(request) + address(response) + "00".repeat(8), hex(ioctl));
    }
    // _IOWR('S', 1, 32 bytes)
    assertEquals(
        3L << 30 | (long) SnpDerivedKey.IOCTL_BYTES << 16 | 'S' << 8 | 1,
        SnpDerivedKey.SNP_GET_DERIVED_KEY);
  }

  @Test
  void responseIsAKeyOnlyWithoutAnErrorAndNotOfZeros() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment response = arena.allocate(SnpDerivedKey.RESPONSE_BYTES, 8);
      assertThrows(IOException.class, () -> SnpDerivedKey.decodeResponse(response));
      for (int i = 0; i < 32; i++) {
        response.set(ValueLayout.JAVA_BYTE, 32 + i, (byte) i);
      }
      byte[] key = SnpDerivedKey.decodeResponse(response);
      assertEquals(32, key.length);
      assertEquals(31, key[31]);
      response.set(ValueLayout.JAVA_INT, 0, 0x16);
      IOException refused =
          assertThrows(IOException.class, () -> SnpDerivedKey.decodeResponse(response));
      assertTrue(String.valueOf(refused.getMessage()).contains("0x16"));
    }
  }

  @Test
  void saysWhatIsMissing() {
    SealingUnavailableException noDevice =
        assertThrows(
            SealingUnavailableException.class,
            () ->
                HardwareSealing.keysOf(
                    HardwareSealing.SNP_PROVIDER, Role.KEYS, Path.of("/dev/no-such-device")));
    assertTrue(String.valueOf(noDevice.getMessage()).contains("not an SEV-SNP guest"));
    SealingUnavailableException tdx =
        assertThrows(
            SealingUnavailableException.class,
            () -> HardwareSealing.keysOf("tdx_guest", Role.KEYS));
    assertTrue(String.valueOf(tdx.getMessage()).contains("key management service"));
    assertThrows(SealingUnavailableException.class, () -> HardwareSealing.keysOf("sgx", Role.KEYS));
  }

  @Test
  void passesTheKernelsErrorOn() {
    // Another driver's device knows no such call: ENOTTY is 25.
    IOException wrongDevice =
        assertThrows(IOException.class, () -> SnpDerivedKey.fetch(Path.of("/dev/null")));
    assertTrue(
        String.valueOf(wrongDevice.getMessage()).contains("SNP_GET_DERIVED_KEY failed"),
        wrongDevice.getMessage());
    assertTrue(String.valueOf(wrongDevice.getMessage()).contains("errno 25"));
  }

  @Test
  void keysDifferByLabelRoleAndSecret() {
    byte[] secret = new byte[32];
    byte[] other = secret.clone();
    other[31] = 1;
    byte[] key = new SecretSealingKeys(secret, Role.KEYS).derive("a");
    assertEquals(SealingKeys.KEY_BYTES, key.length);
    assertArrayEquals(key, new SecretSealingKeys(secret, Role.KEYS).derive("a"));
    assertFalse(Arrays.equals(key, new SecretSealingKeys(secret, Role.KEYS).derive("b")));
    assertFalse(Arrays.equals(key, new SecretSealingKeys(secret, Role.WORKER).derive("a")));
    assertFalse(Arrays.equals(key, new SecretSealingKeys(other, Role.KEYS).derive("a")));
    assertThrows(
        IllegalArgumentException.class, () -> new SecretSealingKeys(new byte[31], Role.KEYS));
  }

  private static String hex(MemorySegment segment) {
    return HEX.formatHex(segment.toArray(ValueLayout.JAVA_BYTE));
  }

  private static String address(MemorySegment segment) {
    return HEX.toHexDigits(Long.reverseBytes(segment.address()));
  }
}
