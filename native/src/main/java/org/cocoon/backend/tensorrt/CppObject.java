package org.cocoon.backend.tensorrt;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorrt.nvinfer.INoCopy;
import org.bytedeco.tensorrt.nvonnxparser.IParser;

/**
 * Frees TensorRT's objects, which the JNI bridge has no call for: its classes come without a
 * destructor, so an engine would keep its weights on the GPU for the life of the process.
 *
 * <p>Every object of TensorRT has a virtual destructor, so it can be called through the object's
 * table of virtual functions, whose layout the C++ ABI of Linux fixes: the deleting destructor is
 * the entry after the complete one, and both lie where the class declares its destructor.
 */
final class CppObject {
  /** INoCopy, the base of all classes of NvInfer.h, declares its destructor first. */
  private static final int INTERFACE = 1;

  /** IParser of NvOnnxParser.h, 10.15, declares it behind clearErrors, its eighth function. */
  private static final int PARSER = 9;

  private static final MethodHandle DESTRUCTOR = destructor();

  private CppObject() {}

  @SuppressWarnings("restricted") // the program is started with --enable-native-access
  private static MethodHandle destructor() {
    return Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(JAVA_LONG));
  }

  /** Deletes an object of TensorRT; nobody may use it afterwards. */
  static void delete(INoCopy object) {
    delete(object, INTERFACE);
  }

  /** Deletes a parser; the network that it filled goes first. */
  static void delete(IParser parser) {
    delete(parser, PARSER);
  }

  @SuppressWarnings("restricted")
  private static void delete(Pointer object, int entry) {
    if (object.isNull()) {
      return;
    }
    long address = object.address();
    object.setNull();
    long table = MemorySegment.ofAddress(address).reinterpret(Long.BYTES).get(JAVA_LONG, 0);
    MemorySegment function =
        MemorySegment.ofAddress(table)
            .reinterpret((entry + 1L) * Long.BYTES)
            .getAtIndex(ADDRESS, entry);
    try {
      DESTRUCTOR.invokeExact(function, address);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("a destructor does not throw", e);
    }
  }
}
