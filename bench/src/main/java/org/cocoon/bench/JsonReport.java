package org.cocoon.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/** A run as a JSON file: configuration, environment, figures, verdict and every request. */
final class JsonReport {
  private static final double[] PERCENTILES = {1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9};
  private static final JsonFactory JSON = new JsonFactory();

  private final Run run;
  private final RunResult result;
  private final Measurements figures;
  private final Validity validity;

  JsonReport(Run run, RunResult result, Measurements figures, Validity validity) {
    this.run = run;
    this.result = result;
    this.figures = figures;
    this.validity = validity;
  }

  /** Writes the file, replacing what was there. */
  void write(Path file) throws IOException {
    try (OutputStream bytes = Files.newOutputStream(file);
        JsonGenerator out = JSON.createGenerator(bytes)) {
      out.useDefaultPrettyPrinter();
      write(out);
    }
  }

  private void write(JsonGenerator out) throws IOException {
    out.writeStartObject();
    out.writeStringField("format", "cocoon-bench/1");
    texts(out, "definitions", Measurements.DEFINITIONS);
    out.writeBooleanField("valid", validity.isValid());
    texts(out, "faults", validity.faults());
    texts(out, "cautions", validity.cautions());
    out.writeBooleanField("partial", result.stoppedEarly());
    configuration(out);
    environment(out);
    summary(out);
    latencies(out);
    counts(out, "errors", figures.failures());
    counts(out, "finish_reasons", figures.finishReasons());
    generator(out);
    requests(out);
    out.writeEndObject();
  }

  private void configuration(JsonGenerator out) throws IOException {
    out.writeObjectFieldStart("configuration");
    out.writeStringField("target", run.target().toString());
    out.writeStringField("model", run.model());
    out.writeStringField("load", run.arrivals().describe());
    out.writeNumberField("requests", run.requests());
    if (run.maxTokens().isPresent()) {
      out.writeNumberField("max_tokens", run.maxTokens().getAsInt());
    }
    if (run.temperature().isPresent()) {
      out.writeNumberField("temperature", run.temperature().getAsDouble());
    }
    out.writeBooleanField("ignore_eos", run.ignoreEos());
    out.writeNumberField("seed", run.seed());
    out.writeNumberField("timeout_seconds", run.timeout().toMillis() / 1e3);
    out.writeNumberField("loops", run.loops());
    out.writeNumberField("max_in_flight", run.maxInFlight());
    out.writeBooleanField("answers_checked", run.expectation().isPresent());
    out.writeEndObject();
  }

  private static void environment(JsonGenerator out) throws IOException {
    out.writeObjectFieldStart("environment");
    out.writeStringField("java", Runtime.version().toString());
    out.writeStringField(
        "os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    out.writeStringField("architecture", System.getProperty("os.arch"));
    out.writeNumberField("cores", Runtime.getRuntime().availableProcessors());
    out.writeEndObject();
  }

  private void summary(JsonGenerator out) throws IOException {
    out.writeObjectFieldStart("summary");
    out.writeNumberField("succeeded", figures.succeeded());
    out.writeNumberField("failed", figures.failed());
    out.writeNumberField("without_text", figures.empty());
    out.writeNumberField("abandoned", result.abandoned());
    out.writeNumberField("window_seconds", figures.windowSeconds());
    out.writeNumberField("tokens_per_second", figures.tokensPerSecond());
    out.writeNumberField("requests_per_second", figures.requestsPerSecond());
    out.writeNumberField("output_tokens", figures.outputTokens());
    out.writeNumberField("prompt_tokens", figures.promptTokens());
    out.writeNumberField("answers_with_usage", figures.usageTold());
    out.writeNumberField("content_chunks", figures.contentChunks());
    out.writeNumberField("content_reads", figures.contentReads());
    out.writeNumberField("tokens_per_chunk", figures.tokensPerChunk());
    out.writeNumberField("cost_nanoton", figures.costNanoton());
    if (figures.achievedShare().isPresent()) {
      out.writeNumberField("achieved_share", figures.achievedShare().getAsDouble());
    }
    out.writeEndObject();
  }

  private void latencies(JsonGenerator out) throws IOException {
    out.writeObjectFieldStart("latency_ms");
    distribution(out, "ttft_response", figures.response().firstToken());
    distribution(out, "e2e_response", figures.response().endToEnd());
    distribution(out, "ttft_service", figures.service().firstToken());
    distribution(out, "e2e_service", figures.service().endToEnd());
    distribution(out, "tpot", figures.timePerOutputToken());
    distribution(out, "icl", result.chunkGaps());
    if (figures.hasTokenLatency()) {
      distribution(out, "itl", result.tokenGaps());
    } else {
      out.writeNullField("itl");
    }
    distribution(out, "send_lag", figures.sendLag());
    out.writeEndObject();
  }

  private static void distribution(JsonGenerator out, String name, Distribution samples)
      throws IOException {
    out.writeObjectFieldStart(name);
    out.writeNumberField("samples", samples.count());
    millis(out, "mean", samples.mean());
    millis(out, "min", samples.min());
    for (double percentile : PERCENTILES) {
      millis(
          out,
          "p" + (percentile == 99.9 ? "99.9" : String.valueOf((int) percentile)),
          samples.percentile(percentile));
    }
    millis(out, "max", samples.max());
    out.writeEndObject();
  }

  private static void millis(JsonGenerator out, String name, OptionalDouble nanos)
      throws IOException {
    if (nanos.isPresent()) {
      out.writeNumberField(name, nanos.getAsDouble() / 1e6);
    } else {
      out.writeNullField(name);
    }
  }

  private void generator(JsonGenerator out) throws IOException {
    OwnCost.Cost cost = result.cost();
    out.writeObjectFieldStart("generator");
    out.writeNumberField("cpu_share", cost.cpuShare());
    out.writeNumberField("busiest_loop_share", cost.busiestLoopShare());
    out.writeNumberField("longest_collection_ms", cost.longestCollectionNanos() / 1e6);
    out.writeNumberField("longest_stall_ms", cost.longestStallNanos() / 1e6);
    out.writeEndObject();
  }

  /** Stamps in nanoseconds since the run began; -1 for what never happened or was not told. */
  private void requests(JsonGenerator out) throws IOException {
    out.setPrettyPrinter(null);
    out.writeArrayFieldStart("requests");
    for (RequestRecord one : result.records()) {
      out.writeRaw('\n');
      out.writeStartObject();
      out.writeNumberField("index", one.index());
      out.writeNumberField("intended", one.intended());
      out.writeNumberField("dispatched", one.dispatched());
      out.writeNumberField("connected", one.connected());
      out.writeNumberField("written", one.written());
      out.writeNumberField("first_byte", one.firstByte());
      out.writeNumberField("first_content", one.firstContent());
      out.writeNumberField("last_content", one.lastContent());
      out.writeNumberField("done", one.done());
      out.writeNumberField("chunks", one.contentChunks());
      out.writeNumberField("reads", one.contentReads());
      out.writeNumberField("prompt_tokens", one.promptTokens());
      out.writeNumberField("output_tokens", one.outputTokens());
      out.writeNumberField("cost_nanoton", one.costNanoton());
      out.writeStringField("finish", one.finishReason());
      if (one.failure().isPresent()) {
        out.writeStringField("error", one.failure().get().phrase());
      }
      out.writeEndObject();
    }
    out.writeEndArray();
  }

  private static void texts(JsonGenerator out, String name, List<String> texts) throws IOException {
    out.writeArrayFieldStart(name);
    for (String text : texts) {
      out.writeString(text);
    }
    out.writeEndArray();
  }

  private static void counts(JsonGenerator out, String name, Map<String, Long> counted)
      throws IOException {
    out.writeObjectFieldStart(name);
    for (Map.Entry<String, Long> one : counted.entrySet()) {
      out.writeNumberField(one.getKey(), one.getValue());
    }
    out.writeEndObject();
  }
}
