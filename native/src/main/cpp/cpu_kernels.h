// Kernels of our own in llama.cpp's graphs.
#ifndef COCOON_CPU_KERNELS_H
#define COCOON_CPU_KERNELS_H

#include <cstdint>

#include "ggml-backend.h"
#include "ggml-cpu.h"

namespace cocoon {

// Lets ggml's CPU backend multiply matrices in Q4_1 with all columns of a batch at once
// (q4_1_kernel.h); what has one column, and everything else, stays with ggml's own kernels. Changes
// nothing where the processor has no AVX2. Once for a process, before the first graph.
void install_cpu_kernels(ggml_backend_dev_t cpu);

// How many products they have computed for graphs of this thread.
int64_t batched_products();

// Graphs that are computed by these threads have ggml's kernels alone until they are released.
void keep_plain(const ggml_threadpool *threads);
void release_plain(const ggml_threadpool *threads);

}  // namespace cocoon

#endif
