package org.cocoon.bench.oracle;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import org.cocoon.bench.network.Repository;
import org.cocoon.link.evidence.Collateral;

/** One process of dcap-qvl. One thread. */
final class Oracle implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Few enough that neither pipe fills up while both ends write. */
  private static final int BATCH = 32;

  private final Process process;
  private final BufferedWriter questions;
  private final BufferedReader answers;
  private final List<Collateral> named;

  /** What the oracle says. */
  sealed interface Answer {
    /** It believes the quote. */
    record Accepted(String status, TreeSet<String> advisories) implements Answer {}

    /** It does not. */
    record Refused(String error) implements Answer {}
  }

  /**
   * Starts one.
   *
   * @param installed has the package
   * @param recurring collateral that many questions share, which is sent once
   */
  Oracle(Path installed, List<Collateral> recurring) throws IOException {
    named = List.copyOf(recurring);
    Path program = Repository.root().resolve("bench/src/test/oracle/oracle.mjs");
    process =
        new ProcessBuilder("node", program.toString(), installed.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    questions =
        new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), UTF_8), 1 << 20);
    answers = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    for (int i = 0; i < named.size(); i++) {
      questions.write("{\"name\":\"" + i + "\",\"collateral\":" + json(named.get(i)) + "}\n");
    }
  }

  /** Its answers in the order of the questions. */
  List<Answer> ask(List<Case> cases) throws IOException {
    List<Answer> all = new ArrayList<>(cases.size());
    for (int from = 0; from < cases.size(); from += BATCH) {
      List<Case> batch = cases.subList(from, Math.min(from + BATCH, cases.size()));
      for (Case asked : batch) {
        write(asked);
      }
      questions.flush();
      for (Case asked : batch) {
        String line = answers.readLine();
        if (line == null) {
          throw new IOException("the oracle ended at " + asked.name());
        }
        all.add(answer(JSON.readTree(line)));
      }
    }
    return all;
  }

  private void write(Case asked) throws IOException {
    String collateral = nameOf(asked.collateral());
    Base64.Encoder base64 = Base64.getEncoder();
    questions.write("{\"quote\":\"" + base64.encodeToString(asked.quote()));
    questions.write("\",\"collateral\":" + collateral);
    questions.write(",\"time\":" + asked.now().getEpochSecond());
    questions.write(",\"root\":\"" + base64.encodeToString(asked.root()) + "\"}\n");
  }

  private String nameOf(Collateral collateral) {
    for (int i = 0; i < named.size(); i++) {
      if (named.get(i).equals(collateral)) {
        return "\"" + i + "\"";
      }
    }
    return json(collateral);
  }

  private static String json(Collateral collateral) {
    return new String(collateral.toJson(), UTF_8);
  }

  private static Answer answer(JsonNode node) {
    if (node.has("error")) {
      return new Answer.Refused(node.path("error").asText());
    }
    TreeSet<String> advisories = new TreeSet<>();
    node.path("advisories").forEach(advisory -> advisories.add(advisory.asText()));
    return new Answer.Accepted(node.path("status").asText(), advisories);
  }

  @Override
  public void close() throws IOException {
    questions.close();
    process.destroy();
  }
}
