// cocoon_backend.h over llama.cpp, on the CPU.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "cocoon_backend.h"
#include "cpu_kernels.h"
#include "errors.h"
#include "ggml-cpu.h"
#include "llama.h"
#include "llama_embeddings.h"
#include "llama_runtime.h"

using namespace cocoon;

struct cocoon_backend {
  ~cocoon_backend() {
    if (context != nullptr) {
      llama_free(context);
    }
    embeddings.reset();
    if (pool != nullptr) {
      release_plain(pool);
      free_pool(pool);
    }
    if (model != nullptr) {
      llama_model_free(model);
    }
  }

  llama_model *model = nullptr;
  const llama_vocab *vocabulary = nullptr;
  llama_context *context = nullptr;
  ggml_threadpool *pool = nullptr;
  decltype(&ggml_threadpool_free) free_pool = nullptr;
  std::string device;
  cocoon_limits limits{};
  bool exact = false;
  int32_t rows = 0;  // of one step at most
  cocoon_stats stats{};
  std::atomic<int64_t> products{0};  // with kernels of ours
  // How many tokens each sequence holds, and the same while a batch is being checked.
  std::vector<int32_t> lengths;
  std::vector<int32_t> checked_lengths;
  // What llama_batch wants beside the caller's buffers.
  std::vector<int32_t> ones;
  std::vector<llama_seq_id *> sequence_pointers;
  std::vector<int8_t> outputs;
  std::unique_ptr<Embeddings> embeddings;  // none where only a vocabulary is open
};

namespace {

// How many tokens llama.cpp computes at once. From 64 on its attention takes another kernel, which
// rounds differently: below that, and with one thread, a token's logits are the same to the last
// bit however its batch was cut and whatever else was in it. That makes an answer repeatable, and
// lets another worker continue it exactly, for a sixth of the prefill rate.
constexpr int32_t exact_micro_batch = 60;
constexpr int32_t fast_micro_batch = 512;

void check_options(const cocoon_options &options) {
  if (options.sequences < 1 || options.context_tokens < 1 || options.batch_tokens < 1 ||
      options.threads < 1) {
    throw failure(COCOON_INVALID, "sequences, contextTokens, batchTokens and threads must be at "
                                  "least 1");
  }
  if (options.guesses < 0 || options.guesses > 64) {
    throw failure(COCOON_INVALID, "guesses must be 0 to 64, not %d", options.guesses);
  }
  if (static_cast<size_t>(options.sequences) > llama_max_parallel_sequences()) {
    throw failure(COCOON_INVALID, "llama.cpp has at most %zu sequences, not %d",
                  llama_max_parallel_sequences(), options.sequences);
  }
  if (options.exact != 0 && options.threads != 1) {
    throw failure(COCOON_INVALID, "an exact engine computes with one thread, not with %d",
                  options.threads);
  }
  if (options.threads > GGML_MAX_N_THREADS) {
    throw failure(COCOON_INVALID, "llama.cpp has at most %d threads, not %d", GGML_MAX_N_THREADS,
                  options.threads);
  }
  if (static_cast<int64_t>(options.sequences) * options.context_tokens > INT32_MAX) {
    throw failure(COCOON_INVALID, "%d sequences of %d tokens are more than llama.cpp can hold",
                  options.sequences, options.context_tokens);
  }
}

void load_model(cocoon_backend &backend, const cocoon_options &options) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.load_mode = LLAMA_LOAD_MODE_MMAP;
  error_log().clear();
  backend.model = llama_model_load_from_file(options.model_path, params);
  if (backend.model == nullptr) {
    throw Failure(COCOON_UNUSABLE, "llama.cpp cannot load it: " + error_log().first());
  }
  backend.vocabulary = llama_model_get_vocab(backend.model);
  if (llama_model_has_encoder(backend.model) || !llama_model_has_decoder(backend.model) ||
      llama_vocab_n_tokens(backend.vocabulary) < 1) {
    throw failure(COCOON_UNUSABLE, "it is not a model that generates text");
  }
  const int32_t trained = llama_model_n_ctx_train(backend.model);
  if (options.context_tokens > trained) {
    throw failure(COCOON_INVALID, "it was trained for %d tokens of context, and %d were asked for",
                  trained, options.context_tokens);
  }
}

void load_vocabulary(cocoon_backend &backend, const cocoon_options &options) {
  llama_model_params params = llama_model_default_params();
  params.n_gpu_layers = 0;
  params.vocab_only = true;
  error_log().clear();
  backend.model = llama_model_load_from_file(options.model_path, params);
  if (backend.model == nullptr) {
    throw Failure(COCOON_UNUSABLE, "llama.cpp cannot load its vocabulary: " + error_log().first());
  }
  backend.vocabulary = llama_model_get_vocab(backend.model);
  backend.limits.vocabulary_size = llama_vocab_n_tokens(backend.vocabulary);
  if (backend.limits.vocabulary_size < 1) {
    throw failure(COCOON_UNUSABLE, "it has no vocabulary");
  }
  backend.device = "none";
}

// All sequences share one pool of cells (kv_unified): a shared prefix is shared memory, a batch of
// any mix of sequences is one graph, and each sequence is held to context_tokens by step(). Attention
// adds up in the order of cells, though, and a sequence may get cells that others have left: so an
// exact engine has a cache for each sequence, of which llama.cpp computes consecutive ones in a graph.
void make_context(cocoon_backend &backend, const cocoon_options &options) {
  llama_context_params params = llama_context_default_params();
  params.n_ctx = static_cast<uint32_t>(options.sequences * options.context_tokens);
  params.n_batch = static_cast<uint32_t>(options.batch_tokens);
  params.n_ubatch = static_cast<uint32_t>(std::min(
      options.batch_tokens, options.threads == 1 ? exact_micro_batch : fast_micro_batch));
  params.n_seq_max = static_cast<uint32_t>(options.sequences);
  params.n_outputs_max = static_cast<uint32_t>(options.sequences + options.guesses);
  params.n_threads = options.threads;
  params.n_threads_batch = options.threads;
  params.kv_unified = options.exact == 0;
  params.swa_full = true;  // else a sliding window has nothing left to truncate to
  params.no_perf = true;
  if (options.precise != 0) {
    // Else keys, values and queries are rounded to half precision, and so are the sums of values.
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    params.type_k = GGML_TYPE_F32;
    params.type_v = GGML_TYPE_F32;
  }
  error_log().clear();
  backend.context = llama_init_from_model(backend.model, params);
  if (backend.context == nullptr) {
    throw Failure(COCOON_UNUSABLE,
                  "llama.cpp cannot make its context (is there memory for all sequences?): " +
                      error_log().first());
  }
}

// Workers that wait on a condition between graphs instead of polling: others share the machine.
void attach_threads(cocoon_backend &backend, ggml_backend_dev_t cpu, const cocoon_options &options) {
  const int32_t threads = options.threads;
  auto make = cpu_function<decltype(&ggml_threadpool_new)>(cpu, "ggml_threadpool_new");
  backend.free_pool = cpu_function<decltype(&ggml_threadpool_free)>(cpu, "ggml_threadpool_free");
  backend.device = "cpu (" + std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
                   cpu_variant(reinterpret_cast<void *>(make)) + ")";
  ggml_threadpool_params params = ggml_threadpool_params_default(threads);
  params.poll = 0;
  backend.pool = make(&params);
  if (backend.pool == nullptr) {
    throw failure(COCOON_UNUSABLE, "%d threads could not be started", threads);
  }
  if (options.plain_kernels != 0) {
    keep_plain(backend.pool);
  }
  llama_attach_threadpool(backend.context, backend.pool, backend.pool);
}

void make_buffers(cocoon_backend &backend, const cocoon_options &options) {
  const auto tokens = static_cast<size_t>(options.batch_tokens);
  backend.lengths.assign(static_cast<size_t>(options.sequences), 0);
  backend.checked_lengths = backend.lengths;
  backend.ones.assign(tokens, 1);
  backend.sequence_pointers.assign(tokens, nullptr);
  backend.outputs.assign(tokens, 0);
  backend.limits = {options.sequences, options.context_tokens, options.batch_tokens,
                    llama_vocab_n_tokens(backend.vocabulary), 0};
  backend.embeddings = std::make_unique<Embeddings>(backend.model, backend.pool, options.threads,
                                                    options.context_tokens);
}

void check_sequence(const cocoon_backend &backend, int32_t sequence) {
  if (sequence < 0 || sequence >= backend.limits.sequences) {
    throw failure(COCOON_INVALID, "there is no sequence %d; they are 0 to %d", sequence,
                  backend.limits.sequences - 1);
  }
}

// Refuses what llama.cpp would refuse after it had changed something, or would not notice.
void check_batch(cocoon_backend &backend, const cocoon_batch &batch) {
  if (batch.count < 1 || batch.count > backend.limits.batch_tokens) {
    throw failure(COCOON_INVALID, "a batch has 1 to %d tokens, not %d",
                  backend.limits.batch_tokens, batch.count);
  }
  backend.checked_lengths = backend.lengths;
  int32_t rows = 0;
  for (int32_t i = 0; i < batch.count; i++) {
    const int32_t sequence = batch.sequences[i];
    check_sequence(backend, sequence);
    int32_t &length = backend.checked_lengths[static_cast<size_t>(sequence)];
    if (batch.positions[i] != length) {
      throw failure(COCOON_INVALID, "sequence %d holds %d tokens, so position %d cannot come next",
                    sequence, length, batch.positions[i]);
    }
    if (length == backend.limits.context_tokens) {
      throw failure(COCOON_INVALID, "sequence %d is full with %d tokens", sequence, length);
    }
    if (batch.tokens[i] < 0 || batch.tokens[i] >= backend.limits.vocabulary_size) {
      throw failure(COCOON_INVALID, "there is no token %d; they are 0 to %d", batch.tokens[i],
                    backend.limits.vocabulary_size - 1);
    }
    length++;
    rows += batch.want_logits[i] != 0;
  }
  if (rows > backend.rows) {
    throw failure(COCOON_INVALID, "a batch has at most %d rows, not %d", backend.rows, rows);
  }
}

void compute(cocoon_backend &backend, const cocoon_batch &batch) {
  for (int32_t i = 0; i < batch.count; i++) {
    // llama.cpp reads its input only; its structure merely lacks the const.
    backend.sequence_pointers[static_cast<size_t>(i)] =
        const_cast<llama_seq_id *>(batch.sequences + i);
    backend.outputs[static_cast<size_t>(i)] = batch.want_logits[i] != 0;
  }
  llama_batch input{};
  input.n_tokens = batch.count;
  input.token = const_cast<llama_token *>(batch.tokens);
  input.pos = const_cast<llama_pos *>(batch.positions);
  input.n_seq_id = backend.ones.data();
  input.seq_id = backend.sequence_pointers.data();
  input.logits = backend.outputs.data();
  error_log().clear();
  const int64_t products_before = batched_products();
  const int32_t result = llama_decode(backend.context, input);
  backend.products += batched_products() - products_before;
  if (result != 0) {
    throw failure(COCOON_FAILED, "llama.cpp could not compute a batch of %d tokens (%d): %s",
                  batch.count, result, error_log().first().c_str());
  }
  backend.lengths.swap(backend.checked_lengths);
}

void copy_logits(cocoon_backend &backend, const cocoon_batch &batch) {
  const auto row_size = static_cast<size_t>(backend.limits.vocabulary_size);
  float *row = batch.logits;
  for (int32_t i = 0; i < batch.count; i++) {
    if (batch.want_logits[i] == 0) {
      continue;
    }
    const float *logits = llama_get_logits_ith(backend.context, i);
    if (logits == nullptr) {
      throw failure(COCOON_FAILED, "llama.cpp gave no logits for token %d of a batch", i);
    }
    memcpy(row, logits, row_size * sizeof(float));
    row += row_size;
  }
}

void forget(cocoon_backend &backend, int32_t sequence, int32_t from_position) {
  llama_memory_t memory = llama_get_memory(backend.context);
  if (!llama_memory_seq_rm(memory, sequence, from_position, -1)) {
    throw failure(COCOON_FAILED, "this model's cache cannot forget a part of a sequence");
  }
  backend.lengths[static_cast<size_t>(sequence)] = from_position;
}

Embeddings &embeddings_of(cocoon_backend &backend) {
  if (backend.embeddings == nullptr) {
    throw failure(COCOON_INVALID, "a vocabulary alone makes no embeddings");
  }
  return *backend.embeddings;
}

// Copies a value out, or says how long it is.
void give(const char *value, int32_t size, char *bytes, int32_t capacity, int32_t *length) {
  *length = size;
  if (size > capacity) {
    throw failure(COCOON_INVALID, "%d bytes do not fit into %d", size, capacity);
  }
  memcpy(bytes, value, static_cast<size_t>(size));
}

std::string token_text(const cocoon_backend &backend, llama_token token) {
  return token == LLAMA_TOKEN_NULL ? "" : llama_vocab_get_text(backend.vocabulary, token);
}

// Whether there is a property of that name; if so, its value.
bool find_metadata(const cocoon_backend &backend, const std::string &name, std::string *value) {
  const llama_token begin = llama_vocab_bos(backend.vocabulary);
  if (name == "begin_token") {
    *value = std::to_string(begin);
    return begin != LLAMA_TOKEN_NULL && llama_vocab_get_add_bos(backend.vocabulary);
  }
  if (name == "begin_text") {
    *value = token_text(backend, begin);
    return true;
  }
  if (name == "end_text") {
    *value = token_text(backend, llama_vocab_eos(backend.vocabulary));
    return true;
  }
  if (name == "chat_template") {
    const char *text = llama_model_chat_template(backend.model, nullptr);
    *value = text == nullptr ? "" : text;
    return text != nullptr;
  }
  if (name == "trained_context") {
    *value = std::to_string(llama_model_n_ctx_train(backend.model));
    return true;
  }
  if (name == "batched_products") {
    *value = std::to_string(backend.products.load());
    return true;
  }
  if (name == "device") {
    *value = backend.device;
    return true;
  }
  return false;
}

}  // namespace

int32_t cocoon_abi_version(void) { return COCOON_ABI_VERSION; }

cocoon_status cocoon_open(const cocoon_options *options, cocoon_backend **backend,
                          cocoon_limits *limits, cocoon_message *message) {
  return guarded(message, [&] {
    check_options(*options);
    ggml_backend_dev_t cpu = load_cpu(options->library_folder);
    auto opened = std::make_unique<cocoon_backend>();
    opened->exact = options->exact != 0;
    opened->rows = options->sequences + options->guesses;
    load_model(*opened, *options);
    make_context(*opened, *options);
    attach_threads(*opened, cpu, *options);
    make_buffers(*opened, *options);
    *limits = opened->limits;
    *backend = opened.release();
  });
}

cocoon_status cocoon_open_vocabulary(const cocoon_options *options, cocoon_backend **backend,
                                     cocoon_limits *limits, cocoon_message *message) {
  return guarded(message, [&] {
    load_cpu(options->library_folder);
    auto opened = std::make_unique<cocoon_backend>();
    load_vocabulary(*opened, *options);
    *limits = opened->limits;
    *backend = opened.release();
  });
}

cocoon_status cocoon_step(cocoon_backend *backend, const cocoon_batch *batch,
                          cocoon_message *message) {
  return guarded(message, [&] {
    const auto start = std::chrono::steady_clock::now();
    check_batch(*backend, *batch);
    compute(*backend, *batch);
    copy_logits(*backend, *batch);
    backend->stats.steps++;
    backend->stats.tokens += batch->count;
    backend->stats.step_nanos += std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now() - start)
                                     .count();
  });
}

cocoon_status cocoon_truncate(cocoon_backend *backend, int32_t sequence, int32_t from_position,
                              cocoon_message *message) {
  return guarded(message, [&] {
    check_sequence(*backend, sequence);
    const int32_t length = backend->lengths[static_cast<size_t>(sequence)];
    if (from_position < 0) {
      throw failure(COCOON_INVALID, "position %d is below 0", from_position);
    }
    if (from_position < length) {
      forget(*backend, sequence, from_position);
    }
  });
}

cocoon_status cocoon_copy_prefix(cocoon_backend *backend, int32_t from_sequence,
                                 int32_t to_sequence, int32_t tokens, cocoon_message *message) {
  return guarded(message, [&] {
    check_sequence(*backend, from_sequence);
    check_sequence(*backend, to_sequence);
    const int32_t held = backend->lengths[static_cast<size_t>(from_sequence)];
    int32_t &target = backend->lengths[static_cast<size_t>(to_sequence)];
    if (target != 0) {
      throw failure(COCOON_INVALID, "sequence %d is not empty: it holds %d tokens", to_sequence,
                    target);
    }
    if (tokens < 0 || tokens > held) {
      throw failure(COCOON_INVALID, "sequence %d holds %d tokens, so %d cannot be copied",
                    from_sequence, held, tokens);
    }
    if (tokens > 0) {
      llama_memory_t memory = llama_get_memory(backend->context);
      // A cache of its own can be copied only whole.
      llama_memory_seq_cp(memory, from_sequence, to_sequence, 0, backend->exact ? -1 : tokens);
      target = tokens;
      if (backend->exact) {
        forget(*backend, to_sequence, tokens);
      }
    }
  });
}

cocoon_status cocoon_tokenize(const cocoon_backend *backend, const char *text, int32_t length,
                              int32_t parse_special, int32_t *tokens, int32_t capacity,
                              int32_t *count, cocoon_message *message) {
  return guarded(message, [&] {
    const int32_t result = llama_tokenize(backend->vocabulary, text, length, tokens, capacity,
                                          false, parse_special != 0);
    if (result == INT32_MIN) {
      throw failure(COCOON_FAILED, "a text of %d bytes has too many tokens", length);
    }
    *count = result < 0 ? -result : result;
    if (result < 0) {
      throw failure(COCOON_INVALID, "%d tokens do not fit into %d", *count, capacity);
    }
  });
}

cocoon_status cocoon_piece(const cocoon_backend *backend, int32_t token, char *bytes,
                           int32_t capacity, int32_t *length, int32_t *flags,
                           cocoon_message *message) {
  return guarded(message, [&] {
    if (token < 0 || token >= backend->limits.vocabulary_size) {
      throw failure(COCOON_INVALID, "there is no token %d; they are 0 to %d", token,
                    backend->limits.vocabulary_size - 1);
    }
    *flags = llama_vocab_is_eog(backend->vocabulary, token) ? COCOON_ENDS_GENERATION : 0;
    const int32_t result =
        llama_token_to_piece(backend->vocabulary, token, bytes, capacity, 0, false);
    *length = result < 0 ? -result : result;
    if (result < 0) {
      throw failure(COCOON_INVALID, "%d bytes do not fit into %d", *length, capacity);
    }
  });
}

cocoon_status cocoon_metadata(const cocoon_backend *backend, const char *name, char *text,
                              int32_t capacity, int32_t *length, cocoon_message *message) {
  return guarded(message, [&] {
    std::string value;
    *length = -1;
    if (find_metadata(*backend, name, &value)) {
      give(value.data(), static_cast<int32_t>(value.size()), text, capacity, length);
    }
  });
}

int32_t cocoon_embedding_size(const cocoon_backend *backend) {
  return llama_model_n_embd_out(backend->model);
}

cocoon_status cocoon_embed(cocoon_backend *backend, const cocoon_embedding_batch *batch,
                           cocoon_message *message) {
  return guarded(message, [&] { embeddings_of(*backend).embed(*batch); });
}

cocoon_status cocoon_forget_embedding(cocoon_backend *backend, int32_t sequence,
                                      cocoon_message *message) {
  return guarded(message, [&] { embeddings_of(*backend).forget(sequence); });
}

void cocoon_get_stats(const cocoon_backend *backend, cocoon_stats *stats) {
  *stats = backend->stats;
}

void cocoon_close(cocoon_backend *backend) { delete backend; }
