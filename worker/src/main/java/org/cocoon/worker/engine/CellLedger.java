package org.cocoon.worker.engine;

import java.util.Arrays;

/**
 * Counts the cells of a backend's cache that are in use, each once however many sequences share it.
 *
 * <p>A copied prefix refers to the cells of its source, as it does in the backend; a cell is free
 * again when no sequence refers to it any more. Numbers of cells mean something only here. One
 * thread.
 */
final class CellLedger {
  private final int[][] cells;
  private final int[] lengths;
  private int[] references = new int[64];
  private int[] free = new int[64];
  private int freed;
  private int known;

  CellLedger(int sequences) {
    cells = new int[sequences][16];
    lengths = new int[sequences];
  }

  /** Cells that at least one sequence refers to. */
  int used() {
    return known - freed;
  }

  /** Counts new tokens at the end of a sequence. */
  void append(int sequence, int count) {
    int length = lengths[sequence] + count;
    reserve(sequence, length);
    for (int i = lengths[sequence]; i < length; i++) {
      cells[sequence][i] = take();
    }
    lengths[sequence] = length;
  }

  /** Cuts a sequence to a length. */
  void truncate(int sequence, int length) {
    for (int i = length; i < lengths[sequence]; i++) {
      release(cells[sequence][i]);
    }
    lengths[sequence] = Math.min(lengths[sequence], length);
  }

  /** Lets an empty sequence begin with the first cells of another. */
  void copyPrefix(int from, int to, int count) {
    reserve(to, count);
    System.arraycopy(cells[from], 0, cells[to], 0, count);
    for (int i = 0; i < count; i++) {
      references[cells[to][i]]++;
    }
    lengths[to] = count;
  }

  private void reserve(int sequence, int length) {
    if (cells[sequence].length < length) {
      cells[sequence] =
          Arrays.copyOf(cells[sequence], Math.max(length, cells[sequence].length * 2));
    }
  }

  private int take() {
    int cell = freed > 0 ? free[--freed] : known++;
    if (cell == references.length) {
      references = Arrays.copyOf(references, cell * 2);
    }
    references[cell] = 1;
    return cell;
  }

  private void release(int cell) {
    if (--references[cell] > 0) {
      return;
    }
    if (freed == free.length) {
      free = Arrays.copyOf(free, freed * 2);
    }
    free[freed++] = cell;
  }
}
