package org.cocoon.worker.view;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a worker does at one moment.
 *
 * @param models what it serves, and how busy each is
 * @param loading models that come or go, and how far each is
 * @param slots requests that run at the same time, at most
 * @param running requests that run
 * @param queued requests that wait for a slot
 * @param tokensPerSecond of answers, over the last second
 * @param promptTokensPerSecond computed, over the last second
 * @param firstTokenMillis from a request's arrival to its first token, an average
 * @param tokens told since the start
 * @param finished answers since the start
 * @param cancelled answers that were not wanted to the end
 * @param failed requests that were refused or broke
 * @param upSeconds since the start
 * @param routers address of each, and whether it is attached
 * @param earnedNanoTon by all routers' last word
 * @param paidNanoTon of it, that arrived
 */
public record Figures(
    List<ModelFigures> models,
    Map<String, String> loading,
    int slots,
    int running,
    int queued,
    int tokensPerSecond,
    int promptTokensPerSecond,
    long firstTokenMillis,
    long tokens,
    long finished,
    long cancelled,
    long failed,
    long upSeconds,
    Map<String, Boolean> routers,
    long earnedNanoTon,
    long paidNanoTon) {

  /**
   * One model.
   *
   * @param name in requests
   * @param device what computes
   * @param running requests that run
   * @param slots requests that run at the same time, at most
   */
  public record ModelFigures(String name, String device, int running, int slots) {
    String line(boolean alone) {
      return name + " on " + device + (alone ? "" : ", %d of %d".formatted(running, slots));
    }
  }

  private static final int BAR = 30;
  private static final double TON = 1e9;

  /** As lines for a terminal. */
  List<String> lines() {
    int full = slots == 0 ? 0 : Math.min(BAR, running * BAR / slots);
    String links =
        routers.entrySet().stream()
            .map(one -> one.getKey() + (one.getValue() ? "" : " (not attached)"))
            .collect(Collectors.joining(", "));
    List<String> lines = new ArrayList<>();
    for (ModelFigures model : models) {
      lines.add(row("model", model.line(models.size() == 1)));
    }
    // Always one line, so that what is drawn over has as many.
    lines.add(
        row(
            "loading",
            loading.isEmpty()
                ? "nothing"
                : loading.entrySet().stream()
                    .map(one -> one.getKey() + ": " + one.getValue())
                    .collect(Collectors.joining(", "))));
    lines.addAll(activity(full, links));
    return lines;
  }

  private List<String> activity(int full, String links) {
    return List.of(
        row("routers", links.isEmpty() ? "none" : links),
        row(
            "slots",
            "#".repeat(full)
                + ".".repeat(BAR - full)
                + " %d of %d".formatted(running, slots)
                + (queued > 0 ? ", %d wait".formatted(queued) : "")),
        row(
            "speed",
            "%,d tokens/s, %,d prompt tokens/s, first token after %,d ms"
                .formatted(tokensPerSecond, promptTokensPerSecond, firstTokenMillis)),
        row(
            "answers",
            "%,d, %,d tokens; %,d cancelled, %,d refused"
                .formatted(finished, tokens, cancelled, failed)),
        row("earned", "%s TON, %s of it paid".formatted(ton(earnedNanoTon), ton(paidNanoTon))),
        row("up", "%d:%02d:%02d".formatted(upSeconds / 3600, upSeconds / 60 % 60, upSeconds % 60)));
  }

  private static String row(String name, String value) {
    return "  %-8s %s".formatted(name, value);
  }

  private static String ton(long nano) {
    return String.format(
        Locale.ROOT, "%.6f", nano / TON); // for people; nothing is computed with it
  }
}
