package org.cocoon.link.sealing;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A key that SNP firmware derives from the chip's own for a guest of the same measurement and the
 * same guest policy, by the ioctl SNP_GET_DERIVED_KEY of Linux's {@code /dev/sev-guest}.
 *
 * <p>From Linux's uapi/linux/sev-guest.h and AMD's 56860, "MSG_KEY_REQ". The firmware does not mix
 * in the host data, so the program's own role must go into what is made of the key.
 */
final class SnpDerivedKey {
  static final Path DEVICE = Path.of("/dev/sev-guest");

  /** {@code _IOWR('S', 0x1, struct snp_guest_request_ioctl)}. */
  static final long SNP_GET_DERIVED_KEY = 0xc020_5301L;

  static final int REQUEST_BYTES = 32;
  static final int IOCTL_BYTES = 32;
  static final int RESPONSE_BYTES = 64;

  private static final int MESSAGE_VERSION = 1;

  /** Derived from the chip's endorsement key: another machine gets another key. */
  private static final int ROOT_KEY_VCEK = 0;

  /** Guest policy (bit 0) and measurement (bit 3) go into the key. */
  private static final long POLICY_AND_MEASUREMENT = 1L | 1L << 3;

  private static final int KEY_OFFSET = 32;
  private static final int ERROR_OFFSET = 24;
  private static final int O_RDWR_CLOEXEC = 0x80002;
  private static final StructLayout ERRNO = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO_VALUE =
      ERRNO.varHandle(MemoryLayout.PathElement.groupElement("errno"));

  private SnpDerivedKey() {}

  /**
   * Asks the firmware.
   *
   * @return 32 bytes, the caller's own
   * @throws SealingUnavailableException if there is no such device
   * @throws IOException if the firmware gives no key
   */
  static byte[] fetch(Path device) throws IOException {
    if (!Files.exists(device)) {
      throw new SealingUnavailableException(
          "there is no " + device + ": this is not an SEV-SNP guest, or its driver is missing");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment response = arena.allocate(RESPONSE_BYTES, 8);
      MemorySegment ioctl = encodeIoctl(encodeRequest(arena), response, arena);
      call(device, ioctl, arena);
      try {
        return decodeResponse(response);
      } finally {
        response.fill((byte) 0);
      }
    }
  }

  /** {@code struct snp_derived_key_req}. */
  static MemorySegment encodeRequest(Arena arena) {
    MemorySegment request = arena.allocate(REQUEST_BYTES, 8);
    request.set(ValueLayout.JAVA_INT, 0, ROOT_KEY_VCEK);
    request.set(ValueLayout.JAVA_LONG, 8, POLICY_AND_MEASUREMENT);
    // The privilege level at 16, the guest's SVN at 20 and the TCB version at 24 stay zero.
    return request;
  }

  /** {@code struct snp_guest_request_ioctl}. */
  static MemorySegment encodeIoctl(MemorySegment request, MemorySegment response, Arena arena) {
    MemorySegment ioctl = arena.allocate(IOCTL_BYTES, 8);
    ioctl.set(ValueLayout.JAVA_BYTE, 0, (byte) MESSAGE_VERSION);
    ioctl.set(ValueLayout.JAVA_LONG, 8, request.address());
    ioctl.set(ValueLayout.JAVA_LONG, 16, response.address());
    return ioctl;
  }

  /** {@code MSG_KEY_RSP}: status u32, 28 reserved bytes, the key. */
  static byte[] decodeResponse(MemorySegment response) throws IOException {
    int status = response.get(ValueLayout.JAVA_INT, 0);
    if (status != 0) {
      throw new IOException(
          "the SNP firmware gave no key: status 0x" + Integer.toHexString(status));
    }
    byte[] key = response.asSlice(KEY_OFFSET, SealingKeys.KEY_BYTES).toArray(ValueLayout.JAVA_BYTE);
    int or = 0;
    for (byte b : key) {
      or |= b;
    }
    if (or == 0) {
      throw new IOException("the SNP firmware gave a key of zeros");
    }
    return key;
  }

  private static void call(Path device, MemorySegment ioctl, Arena arena) throws IOException {
    MemorySegment errno = arena.allocate(ERRNO);
    try {
      int file =
          (int) LibC.OPEN.invokeExact(errno, arena.allocateFrom(device.toString()), O_RDWR_CLOEXEC);
      if (file < 0) {
        throw failure("cannot open " + device, errno, ioctl);
      }
      try {
        if ((int) LibC.IOCTL.invokeExact(errno, file, SNP_GET_DERIVED_KEY, ioctl) < 0) {
          throw failure("SNP_GET_DERIVED_KEY failed on " + device, errno, ioctl);
        }
      } finally {
        int _ = (int) LibC.CLOSE.invokeExact(file);
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a call of the C library threw", e);
    }
  }

  private static IOException failure(String what, MemorySegment errno, MemorySegment ioctl) {
    return new IOException(
        "%s: errno %d, firmware 0x%x"
            .formatted(
                what,
                (int) ERRNO_VALUE.get(errno, 0L),
                ioctl.get(ValueLayout.JAVA_LONG, ERROR_OFFSET)));
  }

  /** The three calls, looked up where they are needed first. */
  @SuppressWarnings("restricted") // The kernel offers its derived keys by ioctl only.
  private static final class LibC {
    private static final Linker LINKER = Linker.nativeLinker();

    /** open and ioctl take a variable number of arguments, which has a calling form of its own. */
    static final MethodHandle OPEN =
        handle(
            "open",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT),
            Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(2));

    static final MethodHandle IOCTL =
        handle(
            "ioctl",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.ADDRESS),
            Linker.Option.captureCallState("errno"),
            Linker.Option.firstVariadicArg(2));

    static final MethodHandle CLOSE =
        handle("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private static MethodHandle handle(
        String name, FunctionDescriptor descriptor, Linker.Option... options) {
      return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor, options);
    }
  }
}
