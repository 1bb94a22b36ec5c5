package org.cocoon.client.account;

import java.util.List;

/** Rows under each other; the first one is the header. */
final class Tables {
  private Tables() {}

  static void print(AccountCommand command, List<List<String>> rows) {
    int[] widths = new int[rows.getFirst().size()];
    for (List<String> row : rows) {
      for (int column = 0; column < widths.length; column++) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < widths.length; column++) {
        String cell = row.get(column).replace('\n', ' ');
        line.append(cell).append(" ".repeat(widths[column] - cell.length() + 2));
      }
      command.say(line.toString().stripTrailing());
    }
  }
}
