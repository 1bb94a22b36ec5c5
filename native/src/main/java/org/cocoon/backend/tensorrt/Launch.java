package org.cocoon.backend.tensorrt;

/**
 * One run of the engine within a step: which slots, which shape, and where its tensors lie in the
 * packed buffers.
 *
 * @param phase profile to run
 * @param firstSlot slots {@code firstSlot} to {@code firstSlot + sequences - 1} are computed
 * @param sequences the graph's B
 * @param tokens the graph's S
 * @param rows the graph's R
 * @param idsAt byte offset of token_ids in the packed input
 * @param writesAt byte offset of write_indices in the packed input
 * @param rowsAt byte offset of rows in the packed input
 * @param candidateIdsAt byte offset of candidate_ids in the packed output
 * @param candidateLogitsAt byte offset of candidate_logits in the packed output
 * @param logSumExpAt byte offset of log_sum_exp in the packed output
 */
record Launch(
    Phase phase,
    int firstSlot,
    int sequences,
    int tokens,
    int rows,
    int idsAt,
    int writesAt,
    int rowsAt,
    int candidateIdsAt,
    int candidateLogitsAt,
    int logSumExpAt) {}
