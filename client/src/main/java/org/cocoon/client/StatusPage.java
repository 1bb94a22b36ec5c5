package org.cocoon.client;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.cocoon.client.NetworkStatus.Model;
import org.cocoon.client.NetworkStatus.ServedModel;
import org.cocoon.client.NetworkStatus.Worker;

/** The network's state as text for people. */
final class StatusPage {
  private final Terminal terminal;
  private final Instant now;

  StatusPage(Terminal terminal, Instant now) {
    this.terminal = terminal;
    this.now = now;
  }

  String render(NetworkStatus network, URI base) {
    StringBuilder page = new StringBuilder();
    NetworkStatus.Router router = network.router();
    page.append(clean(router.name()))
        .append(" at ")
        .append(base)
        .append(", version ")
        .append(clean(router.version()))
        .append(", up for ")
        .append(span(Duration.ofSeconds(router.uptimeSeconds())))
        .append("\n");
    page.append(simulation(network)).append("\n\n");
    if (network.workers().isEmpty()) {
      page.append("No worker is attached, so nothing can be asked yet.\n");
      return page.toString();
    }
    page.append(workers(network.workers())).append("\n");
    page.append(models(network.models())).append("\n");
    page.append(
        String.format(
            Locale.ROOT, "%.1f tokens/s in the whole network now\n", network.tokensPerSecond()));
    return page.toString();
  }

  private static String simulation(NetworkStatus network) {
    TreeSet<String> parts = new TreeSet<>(network.router().simulated());
    network.workers().forEach(worker -> parts.addAll(worker.simulated()));
    return parts.isEmpty()
        ? "Nothing is simulated."
        : "SIMULATED, not for secrets: " + clean(String.join(", ", parts));
  }

  private String workers(List<Worker> workers) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "WORKER", "STATE", "MODEL", "BUSY", "QUEUED", "TOKENS/S", "PRICE", "ATTESTED", "TCB"));
    for (Worker worker : workers) {
      rows.add(
          List.of(
              clean(worker.name()),
              clean(worker.state()),
              clean(String.join(", ", worker.models().stream().map(ServedModel::name).toList())),
              worker.running() + " of " + worker.slots(),
              String.valueOf(worker.queued()),
              String.format(Locale.ROOT, "%.1f", worker.tokensPerSecond()),
              String.format(Locale.ROOT, "x%.3f", worker.coefficient() / 1000.0),
              worker
                  .attestedAt()
                  .map(at -> span(Duration.between(at, now)) + " ago")
                  .orElse("unknown"),
              worker.tcbStatus().isEmpty() ? "unknown" : clean(worker.tcbStatus())));
    }
    return table(rows);
  }

  private String models(List<Model> models) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("MODEL", "WORKERS", "NANOTON PER 1000 TOKENS"));
    for (Model model : models) {
      rows.add(
          List.of(
              clean(model.name()),
              String.valueOf(model.workers()),
              model.minPrice() == model.maxPrice()
                  ? String.valueOf(model.minPrice())
                  : model.minPrice() + " to " + model.maxPrice()));
    }
    return table(rows);
  }

  /** Rows under each other; the first one is the header. */
  private String table(List<List<String>> rows) {
    int columns = rows.getFirst().size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < columns; column++) {
        String cell = row.get(column);
        line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
      }
      String shown = line.toString().stripTrailing();
      text.append(text.isEmpty() ? terminal.dim(shown) : shown).append("\n");
    }
    return text.toString();
  }

  /** The two largest units of a span of time; a clock that is behind shows zero. */
  static String span(Duration span) {
    long seconds = Math.max(0, span.toSeconds());
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min " + seconds % 60 + " s";
    }
    return seconds < 86_400
        ? seconds / 3600 + " h " + seconds % 3600 / 60 + " min"
        : seconds / 86_400 + " d " + seconds % 86_400 / 3600 + " h";
  }

  private static String clean(String text) {
    return Terminal.withoutControls(text).replace('\n', ' ');
  }
}
