package org.cocoon.model;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./cocoon model}: looks at model files, exports them, checks them, fetches them. */
@Command(
    name = "model",
    description = "Look at model files, export them for TensorRT, check them, fetch them.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      InspectCommand.class,
      ExportCommand.class,
      VerifyCommand.class,
      ListCommand.class,
      PullCommand.class
    },
    footer = {
      "",
      "Examples:",
      "  ./cocoon model pull smollm2-135m-instruct",
      "  ./cocoon model inspect model.gguf",
      "  ./cocoon model export model.gguf exported/",
      "  ./cocoon model verify exported/"
    })
public final class ModelMain implements Runnable {
  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();

  private ModelMain() {}

  /** Runs one command and ends the process with 0, 1 where it failed, or 2 where it was misused. */
  public static void main(String[] arguments) {
    System.exit(run(System.out, System.err, arguments));
  }

  static int run(PrintStream out, PrintStream err, String... arguments) {
    CommandLine line = new CommandLine(new ModelMain());
    line.setCommandName("./cocoon model");
    line.setOut(new PrintWriter(out, true, UTF_8));
    line.setErr(new PrintWriter(err, true, UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          if (!(failure instanceof ModelFileException)) {
            throw failure;
          }
          command.getErr().println("cocoon: " + failure.getMessage());
          return 1;
        });
    return line.execute(arguments);
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "Say which command.");
  }
}
