package org.cocoon.devnet.tvm;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import java.util.ArrayList;

/**
 * The half of C++ exception handling that Emscripten leaves to its host: {@code __cxa_throw},
 * {@code __cxa_begin_catch} and their kin, and the {@code invoke_*} trampolines that catch.
 *
 * <p>An exception's header lies in the 24 bytes before it: type at 4, destructor at 8, caught at
 * 12, rethrown at 13, adjusted pointer at 16 (libcxxabi as Emscripten builds it). This mirrors the
 * generated {@code emulator-emscripten.js}, function by function. For one thread.
 */
final class Exceptions {
  private static final int HEADER_BYTES = 24;
  private static final int TYPE = 4;
  private static final int DESTRUCTOR = 8;
  private static final int CAUGHT = 12;
  private static final int RETHROWN = 13;
  private static final int ADJUSTED = 16;

  private final Instance instance;
  private final Memory memory;
  private final ExportFunction setThrew;
  private final ExportFunction setTemporary;
  private final ExportFunction restoreStack;
  private final ExportFunction currentStack;
  private final ExportFunction decrement;
  private final ExportFunction increment;
  private final ExportFunction canCatch;
  private final ExportFunction pointerOf;
  private final ArrayList<Integer> caught = new ArrayList<>();
  private int last;
  private int uncaught;

  Exceptions(Instance instance) {
    this.instance = instance;
    memory = instance.memory();
    setThrew = instance.export("Pa");
    setTemporary = instance.export("Qa");
    restoreStack = instance.export("Ra");
    currentStack = instance.export("Ta");
    decrement = instance.export("Ua");
    increment = instance.export("Va");
    canCatch = instance.export("Wa");
    pointerOf = instance.export("Xa");
  }

  /**
   * Calls a function of the table; a C++ exception out of it sets the flag that callers look at.
   */
  long[] invoke(long[] arguments, long[] onThrow) {
    long stack = currentStack.apply()[0];
    try {
      long[] rest = new long[arguments.length - 1];
      System.arraycopy(arguments, 1, rest, 0, rest.length);
      long[] result =
          instance.getMachine().call(instance.table(0).requiredRef((int) arguments[0]), rest);
      return result == null ? onThrow : result;
    } catch (CppException e) {
      restoreStack.apply(stack);
      setThrew.apply(1, 0);
      return onThrow;
    }
  }

  int beginCatch(int pointer) {
    int header = pointer - HEADER_BYTES;
    if (memory.read(header + CAUGHT) == 0) {
      memory.writeByte(header + CAUGHT, (byte) 1);
      uncaught--;
    }
    memory.writeByte(header + RETHROWN, (byte) 0);
    caught.add(pointer);
    increment.apply(pointer);
    return (int) pointerOf.apply(pointer)[0];
  }

  void endCatch() {
    setThrew.apply(0, 0);
    decrement.apply(caught.removeLast());
    last = 0;
  }

  int findMatchingCatch(long[] types) {
    if (last == 0) {
      setTemporary.apply(0);
      return 0;
    }
    int header = last - HEADER_BYTES;
    memory.writeI32(header + ADJUSTED, last);
    int thrown = memory.readInt(header + TYPE);
    if (thrown == 0) {
      setTemporary.apply(0);
      return last;
    }
    for (long type : types) {
      if (type == 0 || (int) type == thrown) {
        break;
      }
      if (canCatch.apply(type, thrown, header + ADJUSTED)[0] != 0) {
        setTemporary.apply(type);
        return last;
      }
    }
    setTemporary.apply(thrown);
    return last;
  }

  CppException raise(int pointer, int type, int destructor) {
    int header = pointer - HEADER_BYTES;
    memory.writeI32(header + ADJUSTED, 0);
    memory.writeI32(header + TYPE, type);
    memory.writeI32(header + DESTRUCTOR, destructor);
    last = pointer;
    uncaught++;
    return new CppException();
  }

  CppException raiseAgain() {
    if (caught.isEmpty()) {
      throw new EmulatorException("the emulator rethrows an exception that it never caught");
    }
    int pointer = caught.removeLast();
    int header = pointer - HEADER_BYTES;
    if (memory.read(header + RETHROWN) == 0) {
      caught.add(pointer);
      memory.writeByte(header + RETHROWN, (byte) 1);
      memory.writeByte(header + CAUGHT, (byte) 0);
      uncaught++;
    }
    last = pointer;
    return new CppException();
  }

  CppException resume(int pointer) {
    if (last == 0) {
      last = pointer;
    }
    return new CppException();
  }

  int uncaught() {
    return uncaught;
  }
}
