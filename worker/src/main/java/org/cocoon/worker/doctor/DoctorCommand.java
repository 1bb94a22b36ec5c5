package org.cocoon.worker.doctor;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Looks whether a worker can run on this machine. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "Looks whether a worker can run here; each failure with its remedy.",
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:nothing failed (warnings may be there)",
      " 1:something failed",
      " 2:wrong usage"
    })
public final class DoctorCommand implements Callable<Integer> {
  @Option(
      names = "--router",
      paramLabel = "HOST:PORT",
      split = ",",
      description = "Looks whether it accepts connections; may be given several times.")
  private List<String> routers = List.of();

  @Option(names = "--keys", paramLabel = "HOST:PORT", description = "The same for the key manager.")
  private @Nullable String keys;

  @Option(
      names = "--engine",
      defaultValue = "llama",
      description = "What the worker will run: llama, upstream or tensorrt (default llama).")
  private String engine = "";

  @Option(
      names = "--upstream",
      paramLabel = "HOST:PORT",
      defaultValue = "127.0.0.1:8000",
      description = "Where the server beside it listens (default ${DEFAULT-VALUE}).")
  private String upstream = "";

  @Option(names = "--model", paramLabel = "FILE", description = "The model's file.")
  private @Nullable Path model;

  @Option(names = "--sha256", paramLabel = "HEX", description = "What the model's hash must be.")
  private @Nullable String sha256;

  @Option(
      names = "--native",
      paramLabel = "DIR",
      defaultValue = "native/target/bridge",
      description = "Folder of the native libraries (default ${DEFAULT-VALUE}).")
  private Path nativeFolder = Path.of("");

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      defaultValue = ".",
      description = "Where the worker keeps what it keeps (default: here).")
  private Path folder = Path.of("");

  @Option(
      names = "--clock",
      paramLabel = "URL",
      description = "Compares the clock with that of an HTTP server, such as the router's API.")
  private @Nullable String clock;

  @Option(names = "--json", description = "Says it as JSON.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    List<Finding> findings = look(new LocalMachine());
    PrintWriter out = spec.commandLine().getOut();
    out.println(json ? json(findings) : text(findings));
    out.flush();
    return findings.stream().anyMatch(one -> one.grade() == Finding.Grade.FAILED) ? 1 : 0;
  }

  private List<Finding> look(Machine machine) {
    Checks checks = new Checks(machine);
    List<Finding> findings = new ArrayList<>();
    findings.add(checks.tee());
    findings.addAll(checks.gpu(engine.equals("tensorrt")));
    findings.add(checks.disk(folder));
    switch (engine) {
      case "llama" -> findings.addAll(checks.model(model, nativeFolder, sha256));
      case "upstream" -> findings.add(checks.reachable("upstream", upstream));
      case "tensorrt" -> {}
      default ->
          throw new IllegalArgumentException(
              "--engine is llama, upstream or tensorrt, not '" + engine + "'");
    }
    routers.forEach(router -> findings.add(checks.reachable("router", router)));
    if (keys != null) {
      findings.add(checks.reachable("keys", keys));
    }
    findings.add(checks.clock(clock));
    return findings;
  }

  static String text(List<Finding> findings) {
    StringBuilder text = new StringBuilder();
    for (Finding one : findings) {
      text.append(
          "  %-8s %-9s %s%n"
              .formatted(one.grade().name().toLowerCase(Locale.ROOT), one.check(), one.found()));
      if (!one.remedy().isEmpty()) {
        text.append("  %18s %s%n".formatted("", one.remedy()));
      }
    }
    return text.toString().stripTrailing();
  }

  static String json(List<Finding> findings) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    ArrayNode list = mapper.createArrayNode();
    for (Finding one : findings) {
      ObjectNode node = list.addObject();
      node.put("check", one.check());
      node.put("grade", one.grade().name().toLowerCase(Locale.ROOT));
      node.put("found", one.found());
      node.put("remedy", one.remedy());
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(list);
  }
}
