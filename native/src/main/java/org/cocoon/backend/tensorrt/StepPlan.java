package org.cocoon.backend.tensorrt;

import java.util.List;

/**
 * What a step will do, before any of it is done.
 *
 * @param launches in the order in which they run; a decode comes first, so that what it writes
 *     behind a slot that only fills up its bucket is overwritten by that slot's own prefill
 * @param members for each launch the batch's tokens in it, in the order of their places; -1 for a
 *     place that only fills up a bucket
 * @param rowLaunch for each row of the batch the launch that gives it
 * @param rowAt for each row of the batch its row in that launch
 * @param inputBytes that go up, from offset 0
 * @param outputBytes that come down, from offset 0
 */
@SuppressWarnings("ArrayRecordComponent") // made for one step by the planner, read by the packer
record StepPlan(
    List<Launch> launches,
    List<int[]> members,
    int[] rowLaunch,
    int[] rowAt,
    int inputBytes,
    int outputBytes) {}
