package org.cocoon.worker;

/** Hears how far a model is that is being loaded; from any thread. */
public interface Loading {
  /** Nobody looks, and nothing else computes. */
  Loading ALONE =
      new Loading() {
        @Override
        public boolean besideOthers() {
          return false;
        }

        @Override
        public void hashed(long bytes, long all) {}

        @Override
        public void reached(String stage) {}
      };

  /** Whether other models answer meanwhile, so that loading must not take all cores. */
  boolean besideOthers();

  /** So many bytes of all are read and hashed. */
  void hashed(long bytes, long all);

  /** Something else begins, such as "self-test". */
  void reached(String stage);
}
