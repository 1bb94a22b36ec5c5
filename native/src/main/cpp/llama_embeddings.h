// Hidden states of texts, summed, over a model of llama.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "cocoon_backend.h"
#include "errors.h"
#include "ggml-cpu.h"
#include "llama.h"
#include "llama_runtime.h"

namespace cocoon {

// A second context over the weights: that of the answers gives logits, for rows that ask for them,
// and this one the hidden states of all tokens. They are pooled here, not by llama.cpp, which would
// need a whole text in one batch, and so would hold up who decodes for as long as a text takes.
class Embeddings {
 public:
  // The model and its threads outlive it; it takes memory when it is first asked for something.
  Embeddings(llama_model *model, ggml_threadpool *pool, int32_t threads, int32_t context_tokens)
      : model_(model), pool_(pool), threads_(threads), context_tokens_(context_tokens) {}

  ~Embeddings() {
    if (context_ != nullptr) {
      llama_free(context_);
    }
  }

  Embeddings(const Embeddings &) = delete;
  Embeddings &operator=(const Embeddings &) = delete;

  void embed(const cocoon_embedding_batch &batch) {
    int32_t lengths[COCOON_EMBEDDING_SEQUENCES];
    check(batch, lengths);
    if (context_ == nullptr) {
      open();
    }
    decode(batch);
    sum(batch);
    std::copy(lengths, lengths + COCOON_EMBEDDING_SEQUENCES, lengths_);
  }

  void forget(int32_t sequence) {
    check_sequence(sequence);
    if (context_ != nullptr) {
      llama_memory_seq_rm(llama_get_memory(context_), sequence, -1, -1);
    }
    lengths_[sequence] = 0;
  }

 private:
  static void check_sequence(int32_t sequence) {
    if (sequence < 0 || sequence >= COCOON_EMBEDDING_SEQUENCES) {
      throw failure(COCOON_INVALID, "there is no embedding sequence %d", sequence);
    }
  }

  // Gives the lengths of the sequences after the batch.
  void check(const cocoon_embedding_batch &batch, int32_t *lengths) const {
    if (batch.count < 1 || batch.count > COCOON_EMBEDDING_TOKENS) {
      throw failure(COCOON_INVALID, "a batch for embeddings has 1 to %d tokens, not %d",
                    COCOON_EMBEDDING_TOKENS, batch.count);
    }
    int32_t held = batch.count;
    for (int32_t i = 0; i < COCOON_EMBEDDING_SEQUENCES; i++) {
      lengths[i] = lengths_[i];
      held += lengths[i];
    }
    if (held > context_tokens_) {
      throw failure(COCOON_INVALID, "embedding sequences hold at most %d tokens together",
                    context_tokens_);
    }
    const int32_t vocabulary_size = llama_vocab_n_tokens(llama_model_get_vocab(model_));
    for (int32_t i = 0; i < batch.count; i++) {
      check_sequence(batch.sequences[i]);
      int32_t &length = lengths[batch.sequences[i]];
      if (batch.positions[i] != length) {
        throw failure(COCOON_INVALID, "embedding sequence %d holds %d tokens, not %d",
                      batch.sequences[i], length, batch.positions[i]);
      }
      if (batch.tokens[i] < 0 || batch.tokens[i] >= vocabulary_size) {
        throw failure(COCOON_INVALID, "there is no token %d; they are 0 to %d", batch.tokens[i],
                      vocabulary_size - 1);
      }
      length++;
    }
  }

  void open() {
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(context_tokens_);
    params.n_batch = COCOON_EMBEDDING_TOKENS;
    params.n_ubatch = COCOON_EMBEDDING_TOKENS;
    params.n_seq_max = COCOON_EMBEDDING_SEQUENCES;
    params.n_outputs_max = COCOON_EMBEDDING_TOKENS;
    params.n_threads = threads_;
    params.n_threads_batch = threads_;
    params.embeddings = true;
    params.pooling_type = LLAMA_POOLING_TYPE_NONE;
    params.kv_unified = true;
    params.swa_full = true;
    params.no_perf = true;
    error_log().clear();
    context_ = llama_init_from_model(model_, params);
    if (context_ == nullptr) {
      throw Failure(COCOON_UNUSABLE,
                    "llama.cpp cannot make a context for embeddings: " + error_log().first());
    }
    llama_attach_threadpool(context_, pool_, pool_);
  }

  void decode(const cocoon_embedding_batch &batch) {
    int32_t ones[COCOON_EMBEDDING_TOKENS];
    int8_t outputs[COCOON_EMBEDDING_TOKENS];
    llama_seq_id *pointers[COCOON_EMBEDDING_TOKENS];
    for (int32_t i = 0; i < batch.count; i++) {
      ones[i] = 1;
      outputs[i] = 1;
      pointers[i] = const_cast<llama_seq_id *>(batch.sequences + i);
    }
    llama_batch input{};
    input.n_tokens = batch.count;
    input.token = const_cast<llama_token *>(batch.tokens);
    input.pos = const_cast<llama_pos *>(batch.positions);
    input.n_seq_id = ones;
    input.seq_id = pointers;
    input.logits = outputs;
    error_log().clear();
    const int32_t result = llama_decode(context_, input);
    if (result != 0) {
      throw failure(COCOON_FAILED, "llama.cpp could not embed %d tokens (%d): %s", batch.count,
                    result, error_log().first().c_str());
    }
  }

  void sum(const cocoon_embedding_batch &batch) {
    const auto size = static_cast<size_t>(llama_model_n_embd_out(model_));
    for (int32_t i = 0; i < batch.count; i++) {
      const float *state = llama_get_embeddings_ith(context_, i);
      if (state == nullptr) {
        throw failure(COCOON_FAILED, "llama.cpp gave no hidden state for token %d of a batch", i);
      }
      double *sum = batch.sums + static_cast<size_t>(batch.sequences[i]) * size;
      for (size_t j = 0; j < size; j++) {
        sum[j] += static_cast<double>(state[j]);
      }
    }
  }

  llama_model *model_;
  ggml_threadpool *pool_;
  int32_t threads_;
  int32_t context_tokens_;
  llama_context *context_ = nullptr;
  int32_t lengths_[COCOON_EMBEDDING_SEQUENCES] = {};
};

}  // namespace cocoon
