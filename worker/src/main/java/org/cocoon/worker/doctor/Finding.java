package org.cocoon.worker.doctor;

/**
 * What one check found.
 *
 * @param check what was looked at
 * @param grade how it is
 * @param found what is there, in a few words
 * @param remedy what to do, one sentence; empty where nothing is to be done
 */
record Finding(String check, Grade grade, String found, String remedy) {

  /** How something is. */
  enum Grade {
    /** As it should be. */
    OK,
    /** A worker runs, but not as well or as safely as it could. */
    WARNING,
    /** A worker cannot run so. */
    FAILED
  }

  static Finding ok(String check, String found) {
    return new Finding(check, Grade.OK, found, "");
  }

  static Finding warning(String check, String found, String remedy) {
    return new Finding(check, Grade.WARNING, found, remedy);
  }

  static Finding failed(String check, String found, String remedy) {
    return new Finding(check, Grade.FAILED, found, remedy);
  }
}
