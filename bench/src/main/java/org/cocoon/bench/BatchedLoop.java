package org.cocoon.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** llama.cpp's own batched loop in a process of its own: {@code bench/loop}. One thread calls. */
final class BatchedLoop implements AutoCloseable {
  private final Process process;
  private final BufferedWriter jobs;
  private final BufferedReader results;

  /**
   * What came of a job.
   *
   * @param seconds that it took
   * @param decodeSeconds those of them after the prompts and each sequence's first token
   * @param idSum sum of the ids of all tokens that were generated
   */
  record Result(double seconds, double decodeSeconds, long idSum) {}

  /** Starts it; it waits for jobs without using the processor. */
  BatchedLoop(Path program, LlamaArguments llama, int sequences, int context, int threads)
      throws IOException {
    process =
        new ProcessBuilder(
                program.toAbsolutePath().toString(),
                llama.nativeFolder().toAbsolutePath().toString(),
                llama.model().toAbsolutePath().toString(),
                Integer.toString(sequences),
                Integer.toString(context),
                Integer.toString(threads))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    jobs = process.outputWriter(US_ASCII);
    results = process.inputReader(US_ASCII);
  }

  /** Continues prompts greedily by so many tokens each. */
  Result run(List<int[]> prompts, int tokens) throws IOException {
    StringBuilder job = new StringBuilder().append(tokens).append(' ').append(prompts.size());
    for (int[] prompt : prompts) {
      job.append(' ').append(prompt.length);
      for (int token : prompt) {
        job.append(' ').append(token);
      }
    }
    jobs.append(job).append('\n').flush();
    String line = results.readLine();
    if (line == null) {
      throw new IOException("the batched loop ended; run it by itself to see why");
    }
    String[] parts = line.split(" ", 3);
    return new Result(
        Double.parseDouble(parts[0]), Double.parseDouble(parts[1]), Long.parseLong(parts[2]));
  }

  @Override
  public void close() {
    process.destroy();
  }
}
