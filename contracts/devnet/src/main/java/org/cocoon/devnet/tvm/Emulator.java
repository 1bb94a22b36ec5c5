package org.cocoon.devnet.tvm;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.wasm.ChicoryException;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;

/**
 * TON's transaction emulator, the one inside {@code @ton/sandbox}: runs transactions and
 * get-methods in the real TVM. For one thread, which needs a deep stack ({@link #STACK_BYTES}).
 *
 * <p>After an {@link EmulatorException} its memory may be in any state: make a new one.
 */
public final class Emulator {
  /** Stack of the thread that runs it: C++ recursion becomes Java recursion. */
  public static final long STACK_BYTES = 256L << 20;

  static final String MACHINE = "org.cocoon.devnet.tvm.EmulatorMachine";
  static final String MODULE = "emulator.wasm";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHORT_LOG = 0;

  private final String getterConfig;
  private final Instance instance;
  private final ExportFunction allocate;
  private final ExportFunction free;
  private final ExportFunction emulate;
  private final ExportFunction runGetMethod;
  private final long emulator;

  /** An emulator with a configuration for transactions, and one for get-methods; bags of cells. */
  public Emulator(byte[] config, byte[] getterConfig) {
    this.getterConfig = Base64.getEncoder().encodeToString(getterConfig);
    WasmModule module = module();
    HostCalls host = new HostCalls();
    instance =
        Instance.builder(module)
            .withImportValues(host.imports(module))
            .withMachineFactory(machineFactory())
            .withMemoryFactory(ByteArrayMemory::new)
            .withStart(false)
            .build();
    host.attach(instance);
    instance.export("Ea").apply();
    allocate = instance.export("Na");
    free = instance.export("Ia");
    emulate = instance.export("Ha");
    runGetMethod = instance.export("Ka");
    long text = write(Base64.getEncoder().encodeToString(config));
    emulator = instance.export("Fa").apply(text, SHORT_LOG)[0];
    free.apply(text);
    if (emulator == 0) {
      throw new EmulatorException("the emulator refuses the network's configuration");
    }
  }

  private static WasmModule module() {
    try (InputStream in = Emulator.class.getResourceAsStream(MODULE)) {
      if (in == null) {
        throw new EmulatorException("the emulator is missing: build the module again");
      }
      return Parser.parse(in.readAllBytes());
    } catch (IOException e) {
      throw new EmulatorException("the emulator cannot be read", e);
    }
  }

  /** The compiled functions, a class that the build wrote and the compiler does not know. */
  private static Function<Instance, Machine> machineFactory() {
    MethodHandle constructor;
    try {
      Class<?> machine = Class.forName(MACHINE);
      constructor =
          MethodHandles.publicLookup()
              .findConstructor(machine, MethodType.methodType(void.class, Instance.class))
              .asType(MethodType.methodType(Machine.class, Instance.class));
    } catch (ReflectiveOperationException e) {
      throw new EmulatorException("the compiled emulator is missing: build the module again", e);
    }
    return instance -> {
      try {
        return (Machine) constructor.invokeExact(instance);
      } catch (Throwable e) {
        throw new EmulatorException("the compiled emulator does not start", e);
      }
    };
  }

  /**
   * Runs one transaction.
   *
   * @param shardAccount the account before, in base64
   * @param message in base64
   * @param now seconds since 1970
   * @param lt least logical time of the transaction
   * @param seed of the contract's random numbers, 32 bytes
   * @param ignoreSignatures whether every signature counts as right, for estimates
   */
  public Execution transaction(
      String shardAccount,
      String message,
      long now,
      long lt,
      byte[] seed,
      boolean ignoreSignatures) {
    ObjectNode parameters = JSON.createObjectNode();
    parameters.put("utime", now);
    parameters.put("lt", Long.toUnsignedString(lt));
    parameters.put("rand_seed", HexFormat.of().formatHex(seed));
    parameters.put("ignore_chksig", ignoreSignatures);
    parameters.put("debug_enabled", false);
    JsonNode output =
        call(emulate, List.of(shardAccount, message, parameters.toString()), emulator, 0);
    if (output.path("success").asBoolean()) {
      return new Execution.Done(
          output.path("transaction").asText(), output.path("shard_account").asText());
    }
    return new Execution.Refused(
        output.path("error").asText(), output.path("vm_exit_code").asInt());
  }

  /** Runs a get-method. */
  public GetResult get(GetCall call) {
    ObjectNode parameters = JSON.createObjectNode();
    parameters.put("code", call.code());
    parameters.put("data", call.data());
    parameters.put("verbosity", SHORT_LOG);
    parameters.put("libs", "");
    parameters.put("address", call.address());
    parameters.put("unixtime", call.now());
    parameters.put("balance", call.balance().toString());
    parameters.put("rand_seed", HexFormat.of().formatHex(call.seed()));
    parameters.put("gas_limit", Long.toString(GetCall.GAS_LIMIT));
    parameters.put("method_id", call.methodId());
    parameters.put("debug_enabled", false);
    JsonNode output =
        call(runGetMethod, List.of(parameters.toString(), call.stack(), getterConfig));
    if (!output.path("success").asBoolean()) {
      throw new EmulatorException("a get-method did not run: " + output.path("error").asText());
    }
    return new GetResult(
        output.path("stack").asText(),
        Long.parseLong(output.path("gas_used").asText()),
        output.path("vm_exit_code").asInt());
  }

  /** Calls a function with numbers, then texts; its answer is a JSON object with an output. */
  private JsonNode call(ExportFunction function, List<String> texts, long... numbers) {
    List<Long> pointers = new ArrayList<>();
    long[] arguments = new long[numbers.length + texts.size()];
    System.arraycopy(numbers, 0, arguments, 0, numbers.length);
    try {
      for (int i = 0; i < texts.size(); i++) {
        arguments[numbers.length + i] = write(texts.get(i));
        pointers.add(arguments[numbers.length + i]);
      }
      long result = function.apply(arguments)[0];
      pointers.add(result);
      JsonNode answer = JSON.readTree(instance.memory().readCString((int) result, UTF_8));
      if (answer.path("fail").asBoolean()) {
        throw new EmulatorException("the emulator failed: " + answer.path("message").asText());
      }
      return answer.path("output");
    } catch (CppException e) {
      throw new EmulatorException("a C++ exception left the emulator", e);
    } catch (ChicoryException e) {
      throw new EmulatorException("the emulator trapped: " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw new EmulatorException("the emulator's answer is no JSON", e);
    } finally {
      pointers.forEach(free::apply);
    }
  }

  private long write(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    long pointer = allocate.apply(bytes.length + 1)[0];
    instance.memory().write((int) pointer, bytes);
    instance.memory().writeByte((int) pointer + bytes.length, (byte) 0);
    return pointer;
  }
}
