// llama.cpp's own batched loop: the yardstick for the scheduler. Not shipped.
//
//   batched_loop NATIVE MODEL SEQUENCES CONTEXT THREADS
//
// Each line of standard input is a job: how many tokens to generate, how many prompts, then for each
// its length and its tokens. All prompts are computed in full batches, then each sequence is
// continued greedily, all of them in one batch a step, as llama-batched-bench does. The answer is a
// line with the seconds that took, those of them after the prompts, and the sum of all tokens
// generated, which tells whether two runs chose the same. Set up as the worker's bridge is: one pool of cells, threads that do not
// spin, the same micro-batches.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "llama.h"

namespace {

constexpr int32_t batch_tokens = 512;

[[noreturn]] void fail(const char *what) {
  std::fprintf(stderr, "batched_loop: %s\n", what);
  std::exit(1);
}

class Batch {
 public:
  void clear() {
    tokens_.clear();
    positions_.clear();
    sequences_.clear();
    outputs_.clear();
  }

  void add(llama_token token, llama_pos position, llama_seq_id sequence, bool output) {
    tokens_.push_back(token);
    positions_.push_back(position);
    sequences_.push_back(sequence);
    outputs_.push_back(output);
  }

  int32_t size() const { return static_cast<int32_t>(tokens_.size()); }

  void decode(llama_context *context) {
    ones_.assign(tokens_.size(), 1);
    pointers_.clear();
    for (llama_seq_id &sequence : sequences_) {
      pointers_.push_back(&sequence);
    }
    llama_batch batch{};
    batch.n_tokens = size();
    batch.token = tokens_.data();
    batch.pos = positions_.data();
    batch.n_seq_id = ones_.data();
    batch.seq_id = pointers_.data();
    batch.logits = outputs_.data();
    if (llama_decode(context, batch) != 0) {
      fail("llama.cpp could not compute a batch");
    }
  }

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<llama_seq_id> sequences_;
  std::vector<int8_t> outputs_;
  std::vector<int32_t> ones_;
  std::vector<llama_seq_id *> pointers_;
};

struct Result {
  double seconds;         // of the whole job
  double decode_seconds;  // after the prompts: every token but the first of each sequence
  int64_t sum;            // of the ids of all generated tokens
};

class Loop {
 public:
  Loop(llama_context *context, int32_t vocabulary_size)
      : context_(context), vocabulary_size_(vocabulary_size) {}

  Result run(const std::vector<std::vector<llama_token>> &prompts, int32_t count) {
    using clock = std::chrono::steady_clock;
    const auto start = clock::now();
    llama_memory_clear(llama_get_memory(context_), false);
    std::vector<llama_token> next(prompts.size());
    prefill(prompts, next);
    const auto prefilled = clock::now();
    int64_t sum = 0;
    for (int32_t step = 1; step < count; step++) {
      batch_.clear();
      for (size_t s = 0; s < prompts.size(); s++) {
        sum += next[s];
        batch_.add(next[s], static_cast<llama_pos>(prompts[s].size()) + step - 1,
                   static_cast<llama_seq_id>(s), true);
      }
      batch_.decode(context_);
      for (size_t s = 0; s < prompts.size(); s++) {
        next[s] = likeliest(static_cast<int32_t>(s));
      }
    }
    for (llama_token token : next) {
      sum += token;
    }
    const auto end = clock::now();
    return {std::chrono::duration<double>(end - start).count(),
            std::chrono::duration<double>(end - prefilled).count(), sum};
  }

 private:
  void prefill(const std::vector<std::vector<llama_token>> &prompts,
               std::vector<llama_token> &next) {
    std::vector<std::pair<int32_t, size_t>> ends;  // place in the batch, sequence
    const auto compute = [&] {
      batch_.decode(context_);
      for (const auto &[place, sequence] : ends) {
        next[sequence] = likeliest(place);
      }
      ends.clear();
      batch_.clear();
    };
    batch_.clear();
    for (size_t s = 0; s < prompts.size(); s++) {
      for (size_t i = 0; i < prompts[s].size(); i++) {
        const bool last = i + 1 == prompts[s].size();
        if (last) {
          ends.emplace_back(batch_.size(), s);
        }
        batch_.add(prompts[s][i], static_cast<llama_pos>(i), static_cast<llama_seq_id>(s), last);
        if (batch_.size() == batch_tokens) {
          compute();
        }
      }
    }
    if (batch_.size() > 0) {
      compute();
    }
  }

  llama_token likeliest(int32_t place) const {
    const float *logits = llama_get_logits_ith(context_, place);
    return static_cast<llama_token>(std::max_element(logits, logits + vocabulary_size_) - logits);
  }

  llama_context *context_;
  int32_t vocabulary_size_;
  Batch batch_;
};

llama_context *make_context(llama_model *model, int32_t sequences, int32_t context_tokens,
                            int32_t threads) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(sequences * context_tokens);
  params.n_batch = batch_tokens;
  params.n_ubatch = threads == 1 ? 60 : batch_tokens;
  params.n_seq_max = static_cast<uint32_t>(sequences);
  params.n_outputs_max = params.n_seq_max;
  params.n_threads = threads;
  params.n_threads_batch = threads;
  params.kv_unified = true;
  params.swa_full = true;
  params.no_perf = true;
  return llama_init_from_model(model, params);
}

void attach_threads(llama_context *context, int32_t threads) {
  ggml_backend_reg_t cpu =
      ggml_backend_dev_backend_reg(ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU));
  auto make = reinterpret_cast<decltype(&ggml_threadpool_new)>(
      ggml_backend_reg_get_proc_address(cpu, "ggml_threadpool_new"));
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  params.poll = 0;
  ggml_threadpool *pool = make(&params);
  llama_attach_threadpool(context, pool, pool);
}

}  // namespace

int main(int count, char **arguments) {
  if (count != 6) {
    fail("usage: batched_loop NATIVE MODEL SEQUENCES CONTEXT THREADS");
  }
  const int32_t threads = std::atoi(arguments[5]);
  llama_log_set([](ggml_log_level, const char *, void *) {}, nullptr);
  ggml_backend_load_all_from_path(arguments[1]);
  llama_backend_init();
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  llama_model *model = llama_model_load_from_file(arguments[2], params);
  if (model == nullptr) {
    fail("the model cannot be loaded");
  }
  llama_context *context =
      make_context(model, std::atoi(arguments[3]), std::atoi(arguments[4]), threads);
  if (context == nullptr) {
    fail("no context can be made");
  }
  attach_threads(context, threads);
  Loop loop(context, llama_vocab_n_tokens(llama_model_get_vocab(model)));
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream job(line);
    int32_t tokens = 0;
    size_t size = 0;
    job >> tokens >> size;
    std::vector<std::vector<llama_token>> prompts(size);
    for (std::vector<llama_token> &prompt : prompts) {
      job >> size;
      prompt.resize(size);
      for (llama_token &token : prompt) {
        job >> token;
      }
    }
    const Result result = loop.run(prompts, tokens);
    std::printf("%.6f %.6f %lld\n", result.seconds, result.decode_seconds,
                static_cast<long long>(result.sum));
    std::fflush(stdout);
  }
  llama_free(context);
  llama_model_free(model);
}
