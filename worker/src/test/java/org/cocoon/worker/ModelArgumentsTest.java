package org.cocoon.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.cocoon.worker.control.ModelSpec;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ModelArgumentsTest {
  private static final String HASH = "0123456789abcdef".repeat(4);

  private static EngineArguments of(String... args) {
    EngineArguments arguments = new EngineArguments();
    new CommandLine(arguments).parseArgs(args);
    return arguments;
  }

  private static String refusal(String... args) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> of(args).models());
    return String.valueOf(refused.getMessage());
  }

  @Test
  void readsModelsWithTheirHashesAndNames() {
    assertEquals(
        List.of(new ModelSpec("a.gguf", "", HASH), new ModelSpec("b@1.gguf", "", "")),
        of("--model", "a.gguf@" + HASH.toUpperCase(java.util.Locale.ROOT), "--model", "b@1.gguf")
            .models());
    assertEquals(
        List.of(new ModelSpec("a", "one", ""), new ModelSpec("b", "two", "")),
        of("--model", "a,b", "--model-name", "one", "--model-name", "two").models());
    assertEquals(
        List.of(new ModelSpec("x", "x", ""), new ModelSpec("y", "y", "")),
        of("--engine", "fake", "--model-name", "x,y").models());
    assertEquals(List.of(ModelSpec.NONE), of().models());
    assertEquals(List.of(new ModelSpec("", "mine", "")), of("--model-name", "mine").models());
  }

  @Test
  void whatCannotBeMeantIsASentence() {
    assertTrue(refusal("--model", "a,b", "--model-name", "one").contains("once for each --model"));
    assertTrue(refusal("--engine", "upstream", "--model", "a,b").contains("has one model"));
    assertTrue(refusal("--model", "a", "--model-name", "a b").contains("without spaces"));
  }
}
