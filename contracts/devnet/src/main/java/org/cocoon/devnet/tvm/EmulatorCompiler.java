package org.cocoon.devnet.tvm;

import com.dylibso.chicory.compiler.InterpreterFallback;
import com.dylibso.chicory.compiler.internal.Compiler;
import com.dylibso.chicory.compiler.internal.CompilerResult;
import com.dylibso.chicory.wasm.Parser;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * The build's step that compiles the emulator to Java classes, so that a start takes no time.
 *
 * <p>Beside the classes it writes the module that they belong to, without the code of the functions
 * that were compiled: it still has the data, the types and the few functions that are too large for
 * a Java method, which are interpreted.
 */
final class EmulatorCompiler {
  private static final int CODE_SECTION = 10;
  private static final int HEADER_BYTES = 8;

  /** No locals, {@code unreachable}, {@code end}, and the length of that. */
  private static final byte[] NO_BODY = {3, 0, 0, 0x0b};

  private EmulatorCompiler() {}

  /** Usage: EmulatorCompiler EMULATOR_WASM CLASSES. */
  public static void main(String[] arguments) throws IOException {
    Path module = Path.of(arguments[0]);
    Path classes = Path.of(arguments[1]);
    Path shell = classes.resolve("org/cocoon/devnet/tvm/" + Emulator.MODULE);
    if (Files.exists(shell)
        && Files.getLastModifiedTime(shell).compareTo(Files.getLastModifiedTime(module)) >= 0) {
      return;
    }
    byte[] wasm = Files.readAllBytes(module);
    var parsed = Parser.parse(wasm);
    CompilerResult compiled =
        Compiler.builder(parsed)
            .withClassName(Emulator.MACHINE)
            .withInterpreterFallback(InterpreterFallback.SILENT)
            .build()
            .compile();
    for (Map.Entry<String, byte[]> entry : compiled.classBytes().entrySet()) {
      Path file = classes.resolve(entry.getKey().replace('.', '/') + ".class");
      Files.createDirectories(file.getParent());
      Files.write(file, entry.getValue());
    }
    int imports = parsed.importSection().importCount();
    Files.write(shell, withoutCode(wasm, imports, compiled.interpretedFunctions()));
    System.out.println(
        "compiled the emulator to %d classes; %d functions are interpreted"
            .formatted(compiled.classBytes().size(), compiled.interpretedFunctions().size()));
  }

  /** The module, with the bodies only of functions that are kept (numbered after the imports). */
  private static byte[] withoutCode(byte[] wasm, int imports, Set<Integer> kept) {
    ByteBuffer in = ByteBuffer.wrap(wasm);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(wasm, 0, HEADER_BYTES);
    in.position(HEADER_BYTES);
    while (in.hasRemaining()) {
      int kind = in.get();
      int size = unsigned(in);
      if (kind == CODE_SECTION) {
        byte[] section = stubs(in, imports, kept);
        out.write(kind);
        writeUnsigned(out, section.length);
        out.writeBytes(section);
      } else {
        out.write(kind);
        writeUnsigned(out, size);
        out.write(wasm, in.position(), size);
        in.position(in.position() + size);
      }
    }
    return out.toByteArray();
  }

  private static byte[] stubs(ByteBuffer in, int imports, Set<Integer> kept) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int functions = unsigned(in);
    writeUnsigned(out, functions);
    for (int i = 0; i < functions; i++) {
      int size = unsigned(in);
      if (kept.contains(imports + i)) {
        writeUnsigned(out, size);
        byte[] body = new byte[size];
        in.slice(in.position(), size).get(body);
        out.writeBytes(body);
      } else {
        out.writeBytes(NO_BODY);
      }
      in.position(in.position() + size);
    }
    return out.toByteArray();
  }

  /** An LEB128 number. */
  private static int unsigned(ByteBuffer in) {
    int value = 0;
    for (int shift = 0; ; shift += 7) {
      int next = in.get();
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  private static void writeUnsigned(ByteArrayOutputStream out, int value) {
    int rest = value;
    while (rest >>> 7 != 0) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }
}
