// The one ABI between Java and every inference backend.
//
// A backend library exports these functions and the JNI bridge; nothing else of it is seen. Rules:
//   - No C++ exception and no abort of ours crosses this boundary: every failure is a status and a
//     sentence in the caller's message buffer.
//   - The caller owns all memory that it passes; a backend keeps no pointer past a call.
//   - One thread at a time calls open, step, truncate, copy_prefix, stats and close of one backend.
//     tokenize, piece and metadata may be called from any thread until close.
#ifndef COCOON_BACKEND_H
#define COCOON_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COCOON_API __attribute__((visibility("default")))

// Raised with every change of this file or of the JNI bridge that is not a new function.
#define COCOON_ABI_VERSION 5

// A loaded model with the caches of its sequences.
typedef struct cocoon_backend cocoon_backend;

typedef enum cocoon_status {
  COCOON_OK = 0,
  // The caller broke a limit; nothing has changed.
  COCOON_INVALID = 1,
  // The model or a library cannot be used.
  COCOON_UNUSABLE = 2,
  // The computation failed; close the backend.
  COCOON_FAILED = 3,
  // Not enough memory.
  COCOON_NO_MEMORY = 4
} cocoon_status;

// A sentence for an operator, in ASCII, ended by NUL; empty after COCOON_OK.
typedef struct cocoon_message {
  char text[512];
} cocoon_message;

typedef struct cocoon_options {
  const char *library_folder;  // where the backend's own libraries lie
  const char *model_path;
  int32_t sequences;       // caches to make
  int32_t context_tokens;  // tokens that one cache holds
  int32_t batch_tokens;    // tokens that one step takes at most
  int32_t threads;         // that compute; ignored by backends on a GPU
  int32_t precise;         // 1: caches and attention in single precision, for comparisons; slower
  int32_t exact;           // 1: a cache for each sequence, so that no sum depends on the others;
                           // batches are then fastest where sequences are consecutive and in order
  int32_t guesses;         // output rows of one step beyond one for each sequence
  int32_t plain_kernels;   // 1: llama.cpp's kernels alone, to compare ours with; slower
} cocoon_options;

typedef struct cocoon_limits {
  int32_t sequences;
  int32_t context_tokens;
  int32_t batch_tokens;
  int32_t vocabulary_size;
  int32_t candidates;  // 0: all logits of each row
} cocoon_limits;

// Input [count] and output [rows], rows being the tokens whose want_logits is not 0, in order.
typedef struct cocoon_batch {
  int32_t count;
  const int32_t *tokens;
  const int32_t *positions;    // each the number of tokens its sequence then holds
  const int32_t *sequences;
  const int32_t *want_logits;
  float *logits;               // [rows][vocabulary_size] where candidates is 0, else unused
  int32_t *candidate_ids;      // [rows][candidates], most likely first
  float *candidate_logits;     // [rows][candidates]
  float *log_sum_exp;          // [rows], over the whole vocabulary
} cocoon_batch;

// Tokens whose last hidden states are summed, in sequences that are not those of cocoon_step.
typedef struct cocoon_embedding_batch {
  int32_t count;
  const int32_t *tokens;
  const int32_t *positions;  // each the number of tokens its sequence then holds
  const int32_t *sequences;  // 0 to COCOON_EMBEDDING_SEQUENCES - 1
  double *sums;              // [COCOON_EMBEDDING_SEQUENCES][embedding size], added to
} cocoon_embedding_batch;

#define COCOON_EMBEDDING_SEQUENCES 8
#define COCOON_EMBEDDING_TOKENS 60

typedef struct cocoon_stats {
  int64_t steps;
  int64_t tokens;
  int64_t step_nanos;
} cocoon_stats;

// What cocoon_piece tells about a token beside its bytes.
#define COCOON_ENDS_GENERATION 1

// COCOON_ABI_VERSION of the library.
COCOON_API int32_t cocoon_abi_version(void);

// Loads a model. On success *backend is to be closed and *limits says what was made.
COCOON_API cocoon_status cocoon_open(const cocoon_options *options, cocoon_backend **backend,
                                     cocoon_limits *limits, cocoon_message *message);

// Appends the batch's tokens to their sequences and fills its output rows. At most `sequences` and
// `guesses` rows. COCOON_INVALID leaves everything as it was.
COCOON_API cocoon_status cocoon_step(cocoon_backend *backend, const cocoon_batch *batch,
                                     cocoon_message *message);

// Forgets a sequence's tokens from a position on.
COCOON_API cocoon_status cocoon_truncate(cocoon_backend *backend, int32_t sequence,
                                         int32_t from_position, cocoon_message *message);

// Gives an empty sequence the first tokens of another.
COCOON_API cocoon_status cocoon_copy_prefix(cocoon_backend *backend, int32_t from_sequence,
                                            int32_t to_sequence, int32_t tokens,
                                            cocoon_message *message);

// Cuts UTF-8 text into tokens, without a beginning-of-sequence token. *count is always how many
// there are; COCOON_INVALID where they are more than capacity, and then none is written.
COCOON_API cocoon_status cocoon_tokenize(const cocoon_backend *backend, const char *text,
                                         int32_t length, int32_t parse_special, int32_t *tokens,
                                         int32_t capacity, int32_t *count,
                                         cocoon_message *message);

// A token's bytes, none for a control token. *length and COCOON_INVALID as for tokenize.
COCOON_API cocoon_status cocoon_piece(const cocoon_backend *backend, int32_t token, char *bytes,
                                      int32_t capacity, int32_t *length, int32_t *flags,
                                      cocoon_message *message);

// A property as UTF-8; *length is -1 where the model has none of that name. Names:
//   begin_token (decimal id, where every prompt begins with it), begin_text, end_text,
//   chat_template, trained_context (decimal), device (for people), batched_products (decimal: how
//   many were computed by kernels that are not llama.cpp's).
COCOON_API cocoon_status cocoon_metadata(const cocoon_backend *backend, const char *name,
                                         char *text, int32_t capacity, int32_t *length,
                                         cocoon_message *message);

// How many values a hidden state has; 0 where the backend gives none.
COCOON_API int32_t cocoon_embedding_size(const cocoon_backend *backend);

// Appends at most COCOON_EMBEDDING_TOKENS tokens to embedding sequences, which together hold at most
// context_tokens, and adds the last hidden state of each to its sequence's sum. The first call takes
// memory for a cache of context_tokens; COCOON_UNUSABLE where there is none, and COCOON_INVALID, leave
// everything as it was. No failure touches the sequences of cocoon_step.
COCOON_API cocoon_status cocoon_embed(cocoon_backend *backend, const cocoon_embedding_batch *batch,
                                      cocoon_message *message);

// Empties an embedding sequence.
COCOON_API cocoon_status cocoon_forget_embedding(cocoon_backend *backend, int32_t sequence,
                                                 cocoon_message *message);

// Counters since open.
COCOON_API void cocoon_get_stats(const cocoon_backend *backend, cocoon_stats *stats);

// Frees everything. NULL does nothing.
COCOON_API void cocoon_close(cocoon_backend *backend);

// Loads a model's vocabulary alone, which takes no weights: tokenize, piece and metadata work as in
// an open backend, and every step, truncate and copy_prefix is COCOON_INVALID, there being no
// sequences. options names the folder and the file; the rest of it is not read.
COCOON_API cocoon_status cocoon_open_vocabulary(const cocoon_options *options,
                                                cocoon_backend **backend, cocoon_limits *limits,
                                                cocoon_message *message);

#ifdef __cplusplus
}
#endif

#endif
