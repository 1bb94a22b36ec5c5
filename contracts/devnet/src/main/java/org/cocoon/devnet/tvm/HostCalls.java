package org.cocoon.devnet.tvm;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.WasmFunctionHandle;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.FunctionImport;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.Import;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the emulator's WebAssembly module imports from its host: exceptions, memory growth, clock
 * and random numbers. There are no files: opening one fails, and what the module writes to its log
 * is dropped (the emulator's answers carry what matters). For one thread.
 */
final class HostCalls {
  private static final long[] NOTHING = {};
  private static final long[] ZERO = {0};
  private static final long[] ONE = {1};
  private static final int NO_SUCH_FILE = 44;
  private static final int BAD_FILE = 8;
  private static final int PAGE_BYTES = 65_536;
  private static final long MAX_HEAP_BYTES = 2_147_418_112L;
  private static final int GROWTH_STEP_BYTES = 96 << 20;

  // Where the module keeps the JavaScript that it wants to run; they are its constants' addresses.
  private static final long RANDOM_VALUE = 1_842_500;
  private static final long PREPARE_RANDOM = 1_842_536;

  private static final String[] ENVIRONMENT = {"LANG=C.UTF-8"};

  private final SecureRandom random = new SecureRandom();
  private @Nullable Exceptions exceptions;

  HostCalls() {}

  /** Says which instance serves these calls; before anything of it runs. */
  void attach(Instance instance) {
    exceptions = new Exceptions(instance);
  }

  private Exceptions exceptions() {
    if (exceptions == null) {
      throw new EmulatorException("the emulator called its host before it was there");
    }
    return exceptions;
  }

  ImportValues imports(WasmModule module) {
    Map<String, WasmFunctionHandle> named = named();
    ImportValues.Builder builder = ImportValues.builder();
    for (int i = 0; i < module.importSection().importCount(); i++) {
      Import wanted = module.importSection().getImport(i);
      FunctionImport function = (FunctionImport) wanted;
      FunctionType type = module.typeSection().getType(function.typeIndex());
      WasmFunctionHandle handle = named.get(function.name());
      if (handle == null) {
        handle = trampoline(type);
      }
      builder.addFunction(new HostFunction(function.module(), function.name(), type, handle));
    }
    return builder.build();
  }

  /** An {@code invoke_*} import: the first argument is a function of the table. */
  private WasmFunctionHandle trampoline(FunctionType type) {
    long[] onThrow = type.returns().isEmpty() ? NOTHING : ZERO;
    return (instance, arguments) -> exceptions().invoke(arguments, onThrow);
  }

  private Map<String, WasmFunctionHandle> named() {
    Map<String, WasmFunctionHandle> calls = new HashMap<>();
    exceptionCalls(calls);
    fileCalls(calls);
    systemCalls(calls);
    return calls;
  }

  private void exceptionCalls(Map<String, WasmFunctionHandle> calls) {
    calls.put("u", (instance, a) -> one(exceptions().beginCatch((int) a[0])));
    calls.put(
        "v",
        (instance, a) -> {
          exceptions().endCatch();
          return NOTHING;
        });
    WasmFunctionHandle find = (instance, a) -> one(exceptions().findMatchingCatch(a));
    for (String name : new String[] {"a", "h", "K", "Q"}) {
      calls.put(name, find);
    }
    calls.put(
        "Z",
        (instance, a) -> {
          throw exceptions().raiseAgain();
        });
    calls.put(
        "k",
        (instance, a) -> {
          throw exceptions().raise((int) a[0], (int) a[1], (int) a[2]);
        });
    calls.put("D", (instance, a) -> one(exceptions().uncaught()));
    calls.put(
        "d",
        (instance, a) -> {
          throw exceptions().resume((int) a[0]);
        });
    calls.put("w", (instance, a) -> one(a[0]));
  }

  private static void fileCalls(Map<String, WasmFunctionHandle> calls) {
    WasmFunctionHandle noFile = (instance, a) -> one(-NO_SUCH_FILE);
    for (String name : new String[] {"pa", "qa", "W", "ra"}) {
      calls.put(name, noFile);
    }
    WasmFunctionHandle badFile = (instance, a) -> one(-BAD_FILE);
    for (String name : new String[] {"X", "sa", "ha", "O", "ia"}) {
      calls.put(name, badFile);
    }
    WasmFunctionHandle badStream = (instance, a) -> one(BAD_FILE);
    for (String name : new String[] {"U", "ma"}) {
      calls.put(name, badStream);
    }
    calls.put("M", (instance, a) -> ZERO);
    calls.put("V", (instance, a) -> writeToLog(instance, a));
  }

  private static long[] writeToLog(Instance instance, long[] a) {
    int written = 0;
    for (int i = 0; i < (int) a[2]; i++) {
      written += instance.memory().readInt((int) a[1] + 8 * i + 4);
    }
    instance.memory().writeI32((int) a[3], written);
    return ZERO;
  }

  private void systemCalls(Map<String, WasmFunctionHandle> calls) {
    calls.put(
        "va",
        (instance, a) -> {
          throw new EmulatorException("the emulator aborted");
        });
    calls.put("ta", (instance, a) -> NOTHING);
    WasmFunctionHandle brokenDown = (instance, a) -> brokenDownTime(instance, a);
    calls.put("ja", brokenDown);
    calls.put("ka", brokenDown);
    calls.put("la", (instance, a) -> utcOnly(instance, a));
    calls.put("ua", (instance, a) -> clock(instance, a));
    calls.put("P", (instance, a) -> runConstant(a[0]));
    calls.put(
        "Y", (instance, a) -> one(Double.doubleToRawLongBits((double) System.currentTimeMillis())));
    calls.put("ga", (instance, a) -> one(MAX_HEAP_BYTES));
    calls.put("fa", (instance, a) -> resize(instance, a[0] & 0xffff_ffffL));
    calls.put("na", (instance, a) -> environment(instance, a));
    calls.put("oa", (instance, a) -> environmentSize(instance, a));
    calls.put(
        "da",
        (instance, a) -> {
          byte[] bytes = new byte[(int) a[1]];
          random.nextBytes(bytes);
          instance.memory().write((int) a[0], bytes);
          return ZERO;
        });
  }

  private long[] runConstant(long code) {
    if (code == RANDOM_VALUE) {
      return one(random.nextInt());
    }
    if (code == PREPARE_RANDOM) {
      return ZERO;
    }
    throw new EmulatorException("the emulator wants to run unknown code of its host");
  }

  private static long[] clock(Instance instance, long[] a) {
    long now = a[0] == 0 ? System.currentTimeMillis() * 1_000_000 : System.nanoTime();
    instance.memory().writeLong((int) a[2], now);
    return ZERO;
  }

  private static long[] utcOnly(Instance instance, long[] a) {
    instance.memory().writeI32((int) a[0], 0);
    instance.memory().writeI32((int) a[1], 0);
    instance.memory().writeCString((int) a[2], "UTC");
    instance.memory().writeCString((int) a[3], "UTC");
    return NOTHING;
  }

  private static long[] brokenDownTime(Instance instance, long[] a) {
    ZonedDateTime t = Instant.ofEpochSecond(a[0]).atZone(ZoneOffset.UTC);
    int[] fields = {
      t.getSecond(),
      t.getMinute(),
      t.getHour(),
      t.getDayOfMonth(),
      t.getMonthValue() - 1,
      t.getYear() - 1900,
      t.getDayOfWeek().getValue() % 7,
      t.getDayOfYear() - 1,
      0,
      0
    };
    for (int i = 0; i < fields.length; i++) {
      instance.memory().writeI32((int) a[1] + 4 * i, fields[i]);
    }
    return NOTHING;
  }

  /** Grows the memory as Emscripten does: by a fifth at least, and at most by 96 MiB too much. */
  private static long[] resize(Instance instance, long wanted) {
    long old = (long) instance.memory().pages() * PAGE_BYTES;
    if (wanted > MAX_HEAP_BYTES) {
      return ZERO;
    }
    long grown = Math.min(old + old / 5, wanted + GROWTH_STEP_BYTES);
    long bytes = Math.min(MAX_HEAP_BYTES, Math.max(wanted, grown));
    int pages = (int) ((bytes + PAGE_BYTES - 1) / PAGE_BYTES) - instance.memory().pages();
    return instance.memory().grow(pages) < 0 ? ZERO : ONE;
  }

  private static long[] environment(Instance instance, long[] a) {
    int at = (int) a[1];
    for (int i = 0; i < ENVIRONMENT.length; i++) {
      instance.memory().writeI32((int) a[0] + 4 * i, at);
      instance.memory().writeCString(at, ENVIRONMENT[i]);
      at += ENVIRONMENT[i].length() + 1;
    }
    return ZERO;
  }

  private static long[] environmentSize(Instance instance, long[] a) {
    instance.memory().writeI32((int) a[0], ENVIRONMENT.length);
    int bytes = Arrays.stream(ENVIRONMENT).mapToInt(entry -> entry.length() + 1).sum();
    instance.memory().writeI32((int) a[1], bytes);
    return ZERO;
  }

  private static long[] one(long value) {
    return new long[] {value};
  }
}
