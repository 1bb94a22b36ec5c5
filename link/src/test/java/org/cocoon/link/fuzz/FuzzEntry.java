package org.cocoon.link.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where Jazzer enters: it finds these two methods by their names. */
public final class FuzzEntry {
  private static @Nullable FuzzBounds bounds;

  private FuzzEntry() {}

  /** Prepares the target. Arguments: its name and the folder to work in. */
  public static void fuzzerInitialize(String[] args) throws IOException {
    bounds = new FuzzBounds(FuzzTargets.of(args[0]).in(new FuzzWorkspace(Path.of(args[1]))));
  }

  /** Takes one input. */
  public static void fuzzerTestOneInput(byte[] input) {
    FuzzBounds prepared = bounds;
    if (prepared == null) {
      throw new IllegalStateException("fuzzerInitialize comes first");
    }
    prepared.take(input);
  }

  /**
   * Writes a target's seeds, for a fuzzer that reads them as files, and takes inputs without a
   * fuzzer. Arguments as above, then files.
   */
  public static void main(String[] args) throws IOException {
    if (args.length < 2) {
      System.err.println("targets: " + FuzzTargets.words());
      System.exit(2);
    }
    FuzzWorkspace workspace = new FuzzWorkspace(Path.of(args[1]));
    FuzzTarget target = FuzzTargets.of(args[0]).in(workspace);
    System.out.println(workspace.seeds(args[0], target::seeds).size() + " seeds");
    FuzzBounds bounds = new FuzzBounds(target);
    for (int i = 2; i < args.length; i++) {
      bounds.take(Files.readAllBytes(Path.of(args[i])));
      System.out.println(args[i] + ": most allocated " + bounds.mostBytes() + " bytes");
    }
  }
}
