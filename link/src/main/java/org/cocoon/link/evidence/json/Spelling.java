package org.cocoon.link.evidence.json;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** Finds the word that somebody may have meant, by Levenshtein's distance; none for long ones. */
final class Spelling {
  /** A longer word is no misspelling, and comparing it takes as long as it is. */
  private static final int LONGEST = 64;

  private Spelling() {}

  static String nearest(String word, Collection<String> words) {
    return new TreeSet<>(word.length() > LONGEST ? List.of() : words)
        .stream().min(Comparator.comparingInt(known -> distance(word, known))).orElse("");
  }

  /** Insertions, deletions and replacements from one to the other; case counts for nothing. */
  private static int distance(String from, String to) {
    String a = from.toLowerCase(Locale.ROOT);
    String b = to.toLowerCase(Locale.ROOT);
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(replaced, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
