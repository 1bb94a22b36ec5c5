package org.cocoon.worker.upstream;

/**
 * How busy a server says it is, in its Prometheus text: requests of others are on it, too.
 *
 * @param running requests that it computes
 * @param waiting requests that wait in it
 */
record UpstreamMetrics(int running, int waiting) {
  /** What a server that tells nothing is taken for. */
  static final UpstreamMetrics NONE = new UpstreamMetrics(0, 0);

  private static final int MOST = 1 << 20;

  /** Reads the samples of vLLM, SGLang and llama-server; with several engines they are summed. */
  static UpstreamMetrics parse(String text) {
    double running = 0;
    double waiting = 0;
    for (String line : text.lines().toList()) {
      int end = nameEnd(line);
      switch (line.substring(0, end)) {
        case "vllm:num_requests_running",
            "sglang:num_running_reqs",
            "llamacpp:requests_processing" ->
            running += value(line);
        case "vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred" ->
            waiting += value(line);
        default -> {} // hundreds of others
      }
    }
    return new UpstreamMetrics(bounded(running), bounded(waiting));
  }

  private static int nameEnd(String line) {
    for (int i = 0; i < line.length(); i++) {
      if (line.charAt(i) == '{' || line.charAt(i) == ' ') {
        return i;
      }
    }
    return line.length();
  }

  /** The number after name and labels; a time stamp may follow it. */
  private static double value(String line) {
    String after = line.substring(Math.max(line.lastIndexOf('}') + 1, nameEnd(line))).strip();
    int space = after.indexOf(' ');
    try {
      double value = Double.parseDouble(space < 0 ? after : after.substring(0, space));
      return value > 0 ? value : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static int bounded(double value) {
    return (int) Math.min(value, MOST);
  }
}
