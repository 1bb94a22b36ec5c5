package org.cocoon.link.evidence;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.cocoon.link.evidence.json.JsonException;
import org.cocoon.link.evidence.json.JsonObject;

/** Reads the forms that TCB info and enclave identities share. */
final class SignedJson {
  private static final int MAX_LEVELS = 256;
  private static final int MAX_ADVISORIES = 1_024;
  private static final int MAX_SVN = 0xffff;
  private static final Pattern RFC_3339_UTC =
      Pattern.compile("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z");

  /** Reads the security versions of one level from its "tcb" object. */
  @FunctionalInterface
  interface Versions {
    List<Integer> of(JsonObject tcb) throws JsonException;
  }

  private SignedJson() {}

  /** A time in whole seconds of UTC, RFC 3339. */
  static Instant time(JsonObject object, String key) throws JsonException {
    String text = object.text(key);
    if (RFC_3339_UTC.matcher(text).matches()) {
      try {
        return Instant.parse(text);
      } catch (DateTimeParseException _) {
        // No such day or hour: the sentence below is right for it.
      }
    }
    throw new JsonException(
        "key '" + object.pathOf(key) + "' must be a time like 2026-01-12T15:46:45Z");
  }

  /** Bytes in hexadecimal of either case. */
  static byte[] bytes(JsonObject object, String key, int length) throws JsonException {
    String text = object.text(key);
    try {
      byte[] bytes = HexFormat.of().parseHex(text);
      if (bytes.length == length) {
        return bytes;
      }
    } catch (IllegalArgumentException _) {
      // Not hexadecimal: the sentence below is right for it.
    }
    throw new JsonException(
        "key '" + object.pathOf(key) + "' must be " + 2 * length + " hexadecimal digits");
  }

  /** A security version; the values in use have one byte. */
  static int svn(JsonObject object, String key) throws JsonException {
    return (int) object.whole(key, 0, MAX_SVN);
  }

  /** The number that grows with each of Intel's TCB recoveries. */
  static int evaluationNumber(JsonObject object) throws JsonException {
    return (int) object.whole("tcbEvaluationDataNumber", 0, Integer.MAX_VALUE);
  }

  /**
   * The levels of a list, highest first.
   *
   * @throws EvidenceRefusedException for a status that is not known, or for a level behind one that
   *     shadows it, since the first level that is reached counts
   */
  static List<TcbLevel> levels(JsonObject object, Versions versions)
      throws JsonException, EvidenceRefusedException {
    List<TcbLevel> levels = new ArrayList<>();
    for (JsonObject level : object.objects("tcbLevels", MAX_LEVELS)) {
      TcbLevel next = level(level, versions);
      if (levels.stream().anyMatch(next::isAtLeast)) {
        throw new JsonException("key '" + level.path() + "' is a level behind a lower one");
      }
      levels.add(next);
    }
    if (levels.isEmpty()) {
      throw new JsonException("key '" + object.pathOf("tcbLevels") + "' has no level");
    }
    return List.copyOf(levels);
  }

  private static TcbLevel level(JsonObject level, Versions versions)
      throws JsonException, EvidenceRefusedException {
    String word = level.text("tcbStatus");
    TcbStatus status =
        TcbStatus.ofWord(word)
            .filter(TcbStatus::isPublished)
            .orElseThrow(
                () ->
                    new EvidenceRefusedException(
                        Verdict.Reason.TCB_UNKNOWN_STATUS,
                        "key '" + level.pathOf("tcbStatus") + "' is '" + word + "', which is new"));
    return new TcbLevel(
        versions.of(level.object("tcb")),
        status,
        time(level, "tcbDate"),
        new TreeSet<>(level.texts("advisoryIDs", MAX_ADVISORIES)));
  }
}
