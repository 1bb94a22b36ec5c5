package org.cocoon.backend.tensorrt;

import java.nio.ByteBuffer;
import org.cocoon.backend.BackendException;
import org.cocoon.backend.StepBatch;

/** Writes a step's packed input and reads its packed output, as a plan lays them out. */
final class StepPacker {
  private final int candidates;
  private final int vocabulary;

  StepPacker(GraphShape graph) {
    candidates = graph.candidates();
    vocabulary = graph.vocabulary();
  }

  /**
   * Writes what the launches read.
   *
   * @param lengths tokens that each slot holds before the step
   * @param input in native byte order, at least {@code plan.inputBytes()} long
   */
  void pack(StepPlan plan, StepBatch batch, int[] lengths, ByteBuffer input) {
    for (int i = 0; i < plan.launches().size(); i++) {
      Launch launch = plan.launches().get(i);
      int[] places = plan.members().get(i);
      for (int place = 0; place < places.length; place++) {
        long token = places[place] < 0 ? 0 : batch.tokens().get(places[place]);
        input.putLong(launch.idsAt() + place * Long.BYTES, token);
      }
      switch (launch.phase()) {
        case DECODE -> packDecode(launch, lengths, input);
        case PREFILL -> packPrefill(launch, places, batch, input);
      }
    }
  }

  private static void packDecode(Launch launch, int[] lengths, ByteBuffer input) {
    for (int place = 0; place < launch.sequences(); place++) {
      input.putLong(launch.writesAt() + place * Long.BYTES, lengths[launch.firstSlot() + place]);
      input.putLong(launch.rowsAt() + place * Long.BYTES, place);
    }
  }

  private static void packPrefill(Launch launch, int[] places, StepBatch batch, ByteBuffer input) {
    input.putLong(launch.writesAt(), batch.positions().get(places[0]));
    input.putLong(launch.rowsAt(), 0); // where no row is wanted, the graph still gives one
    int rows = 0;
    for (int place = 0; place < places.length; place++) {
      if (batch.wantLogits().get(places[place]) != 0) {
        input.putLong(launch.rowsAt() + rows++ * Long.BYTES, place);
      }
    }
  }

  /**
   * Fills the batch's output rows.
   *
   * @throws BackendException if the model gave what is no number, or no token
   */
  void unpack(StepPlan plan, StepBatch batch, ByteBuffer output) {
    for (int row = 0; row < batch.rows(); row++) {
      Launch launch = plan.launches().get(plan.rowLaunch()[row]);
      int at = plan.rowAt()[row];
      float logSumExp = output.getFloat(launch.logSumExpAt() + at * Float.BYTES);
      if (!Float.isFinite(logSumExp)) {
        throw new BackendException(
            "the model gave logits that are not numbers; export it again with --compute bfloat16"
                + " or float32");
      }
      batch.logSumExp().put(row, logSumExp);
      int ids = launch.candidateIdsAt() + at * candidates * Integer.BYTES;
      int logits = launch.candidateLogitsAt() + at * candidates * Float.BYTES;
      for (int k = 0; k < candidates; k++) {
        int id = output.getInt(ids + k * Integer.BYTES);
        if (id < 0 || id >= vocabulary) {
          throw new BackendException("the GPU gave " + id + ", which is no token");
        }
        batch.candidateIds().put(row * candidates + k, id);
        batch
            .candidateLogits()
            .put(row * candidates + k, output.getFloat(logits + k * Float.BYTES));
      }
    }
  }
}
