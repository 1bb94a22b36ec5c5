package org.cocoon.bench;

import java.util.List;

/**
 * What a run left behind.
 *
 * @param records one for each request that ended, in the order of their numbers
 * @param chunkGaps gaps between pieces of text, of answers that ended well
 * @param tokenGaps the same, of answers whose pieces were one token each
 * @param abandoned requests under way when the run was stopped early
 * @param stoppedEarly whether it was stopped before all requests were sent and ended
 * @param cost what the generator took
 */
record RunResult(
    List<RequestRecord> records,
    Distribution chunkGaps,
    Distribution tokenGaps,
    long abandoned,
    boolean stoppedEarly,
    OwnCost.Cost cost) {}
