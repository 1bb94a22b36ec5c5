package org.cocoon.model;

import java.util.List;

/**
 * Rotary position embedding.
 *
 * @param base of the frequencies
 * @param localBase that of layers with a sliding window; those are never scaled
 * @param dimensions of a head that are turned, even
 * @param interleaved whether neighbours form a pair, as in permuted Llama weights of GGUF; else the
 *     two halves do
 * @param scaling what stretches the context
 */
record Rope(double base, double localBase, int dimensions, boolean interleaved, Scaling scaling) {

  /** What divides the frequencies for a longer context. */
  sealed interface Scaling {
    /** Short name for model.json. */
    String label();

    /** Nothing does. */
    record None() implements Scaling {
      @Override
      public String label() {
        return "none";
      }
    }

    /** All are divided by one factor. */
    record Linear(double factor) implements Scaling {
      @Override
      public String label() {
        return "linear";
      }
    }

    /** Llama 3.1's: low frequencies are divided, high ones kept, those between are blended. */
    record Llama3(double factor, double lowFactor, double highFactor, double trainedContext)
        implements Scaling {
      @Override
      public String label() {
        return "llama3";
      }
    }

    /** Divisors from the file, one a frequency, as GGUF's rope_freqs.weight. */
    record Divisors(List<Double> divisors) implements Scaling {
      @Override
      public String label() {
        return "divisors";
      }
    }
  }

  /** Angles for each position, in radians: [dimensions / 2] frequencies. */
  double[] frequencies(boolean local) {
    double[] frequencies = new double[dimensions / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double plain = Math.pow(local ? localBase : base, -2.0 * i / dimensions);
      frequencies[i] = local ? plain : scaled(plain, i);
    }
    return frequencies;
  }

  private double scaled(double frequency, int index) {
    return switch (scaling) {
      case Scaling.None() -> frequency;
      case Scaling.Linear(double factor) -> frequency / factor;
      case Scaling.Divisors(var divisors) -> frequency / divisors.get(index);
      case Scaling.Llama3(double factor, double low, double high, double context) -> {
        double turns = context * frequency / (2 * Math.PI);
        double keep = Math.clamp((turns - low) / (high - low), 0, 1);
        yield frequency * keep + frequency / factor * (1 - keep);
      }
    };
  }
}
