// cocoon_backend.h for org.cocoon.backend.NativeLibrary. No up-calls but the throw of an exception;
// buffers are direct and belong to Java, which has checked their sizes.
#include <jni.h>

#include <exception>
#include <vector>

#include "cocoon_backend.h"

namespace {

cocoon_backend *backend_of(jlong handle) { return reinterpret_cast<cocoon_backend *>(handle); }

// The one place that turns a status into an exception.
void check(JNIEnv *env, cocoon_status status, const cocoon_message &message) {
  if (status == COCOON_OK) {
    return;
  }
  jclass type = env->FindClass("org/cocoon/backend/BackendException");
  if (type != nullptr) {
    env->ThrowNew(type, message.text);
  }
}

template <typename T>
T *address_of(JNIEnv *env, jobject buffer) {
  return static_cast<T *>(env->GetDirectBufferAddress(buffer));
}

// UTF-8 of a Java array, ended by NUL.
class Utf8 {
 public:
  Utf8(JNIEnv *env, jbyteArray array) : length_(env->GetArrayLength(array)) {
    bytes_.resize(static_cast<size_t>(length_) + 1);
    env->GetByteArrayRegion(array, 0, length_, reinterpret_cast<jbyte *>(bytes_.data()));
  }
  const char *text() const { return bytes_.data(); }
  int32_t length() const { return length_; }

 private:
  jsize length_;
  std::vector<char> bytes_;
};

// Memory of this bridge's own can run out too, and that must not cross into Java as a C++ exception.
template <typename Body>
auto within_memory(JNIEnv *env, Body body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception &) {
    jclass type = env->FindClass("java/lang/OutOfMemoryError");
    if (type != nullptr) {
      env->ThrowNew(type, "native memory");
    }
    return {};
  }
}

jbyteArray java_bytes(JNIEnv *env, const char *bytes, int32_t length) {
  jbyteArray array = env->NewByteArray(length);
  if (array != nullptr) {
    env->SetByteArrayRegion(array, 0, length, reinterpret_cast<const jbyte *>(bytes));
  }
  return array;
}

// Returns the handle; limits is int[5] in the order of cocoon_limits.
jlong opened(JNIEnv *env, decltype(&cocoon_open) open, const cocoon_options &options,
             jintArray limits) {
  cocoon_backend *backend = nullptr;
  cocoon_limits made{};
  cocoon_message message;
  const cocoon_status status = open(&options, &backend, &made, &message);
  if (status != COCOON_OK) {
    check(env, status, message);
    return 0;
  }
  const jint sizes[] = {made.sequences, made.context_tokens, made.batch_tokens,
                        made.vocabulary_size, made.candidates};
  env->SetIntArrayRegion(limits, 0, 5, sizes);
  return reinterpret_cast<jlong>(backend);
}

}  // namespace

extern "C" {

JNIEXPORT jint JNICALL Java_org_cocoon_backend_NativeLibrary_abiVersion(JNIEnv *, jclass) {
  return cocoon_abi_version();
}

JNIEXPORT jlong JNICALL Java_org_cocoon_backend_NativeLibrary_open(
    JNIEnv *env, jclass, jbyteArray folder, jbyteArray model, jint sequences, jint context_tokens,
    jint batch_tokens, jint threads, jboolean precise, jboolean exact,
    jint guesses, jboolean plain_kernels, jintArray limits) {
  return within_memory(env, [&] {
    const Utf8 folder_path(env, folder);
    const Utf8 model_path(env, model);
    return opened(env, cocoon_open,
                  {folder_path.text(), model_path.text(), sequences, context_tokens, batch_tokens,
                   threads, precise, exact, guesses, plain_kernels},
                  limits);
  });
}

JNIEXPORT jlong JNICALL Java_org_cocoon_backend_NativeLibrary_openVocabulary(
    JNIEnv *env, jclass, jbyteArray folder, jbyteArray model, jintArray limits) {
  return within_memory(env, [&] {
    const Utf8 folder_path(env, folder);
    const Utf8 model_path(env, model);
    cocoon_options options{};
    options.library_folder = folder_path.text();
    options.model_path = model_path.text();
    return opened(env, cocoon_open_vocabulary, options, limits);
  });
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_step(
    JNIEnv *env, jclass, jlong handle, jint count, jobject tokens, jobject positions,
    jobject sequences, jobject want_logits, jobject logits, jobject candidate_ids,
    jobject candidate_logits, jobject log_sum_exp) {
  const cocoon_batch batch{count,
                           address_of<const int32_t>(env, tokens),
                           address_of<const int32_t>(env, positions),
                           address_of<const int32_t>(env, sequences),
                           address_of<const int32_t>(env, want_logits),
                           address_of<float>(env, logits),
                           address_of<int32_t>(env, candidate_ids),
                           address_of<float>(env, candidate_logits),
                           address_of<float>(env, log_sum_exp)};
  cocoon_message message;
  check(env, cocoon_step(backend_of(handle), &batch, &message), message);
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_truncate(JNIEnv *env, jclass,
                                                                      jlong handle, jint sequence,
                                                                      jint from_position) {
  cocoon_message message;
  check(env, cocoon_truncate(backend_of(handle), sequence, from_position, &message), message);
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_copyPrefix(
    JNIEnv *env, jclass, jlong handle, jint from_sequence, jint to_sequence, jint tokens) {
  cocoon_message message;
  check(env, cocoon_copy_prefix(backend_of(handle), from_sequence, to_sequence, tokens, &message),
        message);
}

JNIEXPORT jintArray JNICALL Java_org_cocoon_backend_NativeLibrary_tokenize(
    JNIEnv *env, jclass, jlong handle, jbyteArray text, jboolean parse_special) {
  return within_memory(env, [&]() -> jintArray {
    const Utf8 utf8(env, text);
    // Text has rarely more tokens than half its bytes; where it has, the second try fits.
    std::vector<int32_t> tokens(static_cast<size_t>(utf8.length()) / 2 + 16);
    int32_t count = 0;
    cocoon_message message;
    cocoon_status status = COCOON_INVALID;
    for (int attempt = 0; attempt < 2 && status == COCOON_INVALID; attempt++) {
      if (static_cast<size_t>(count) > tokens.size()) {
        tokens.resize(static_cast<size_t>(count));
      }
      status = cocoon_tokenize(backend_of(handle), utf8.text(), utf8.length(), parse_special,
                               tokens.data(), static_cast<int32_t>(tokens.size()), &count,
                               &message);
    }
    if (status != COCOON_OK) {
      check(env, status, message);
      return nullptr;
    }
    jintArray array = env->NewIntArray(count);
    if (array != nullptr) {
      env->SetIntArrayRegion(array, 0, count, tokens.data());
    }
    return array;
  });
}

// The bytes of all tokens one after the other; ends[t] is where token t's end, and flags[t] tells
// about it.
JNIEXPORT jbyteArray JNICALL Java_org_cocoon_backend_NativeLibrary_pieces(JNIEnv *env, jclass,
                                                                          jlong handle,
                                                                          jintArray ends,
                                                                          jbyteArray flags) {
  return within_memory(env, [&]() -> jbyteArray {
    const jsize size = env->GetArrayLength(ends);
    std::vector<char> bytes;
    std::vector<char> piece(64);
    std::vector<jint> piece_ends(static_cast<size_t>(size));
    std::vector<jbyte> piece_flags(static_cast<size_t>(size));
    for (jsize token = 0; token < size; token++) {
      int32_t length = 0;
      int32_t flag = 0;
      cocoon_message message;
      cocoon_status status = COCOON_INVALID;
      for (int attempt = 0; attempt < 2 && status == COCOON_INVALID; attempt++) {
        if (static_cast<size_t>(length) > piece.size()) {
          piece.resize(static_cast<size_t>(length));
        }
        status = cocoon_piece(backend_of(handle), token, piece.data(),
                              static_cast<int32_t>(piece.size()), &length, &flag, &message);
      }
      if (status != COCOON_OK) {
        check(env, status, message);
        return nullptr;
      }
      bytes.insert(bytes.end(), piece.begin(), piece.begin() + length);
      piece_ends[static_cast<size_t>(token)] = static_cast<jint>(bytes.size());
      piece_flags[static_cast<size_t>(token)] = static_cast<jbyte>(flag);
    }
    env->SetIntArrayRegion(ends, 0, size, piece_ends.data());
    env->SetByteArrayRegion(flags, 0, size, piece_flags.data());
    return java_bytes(env, bytes.data(), static_cast<int32_t>(bytes.size()));
  });
}

// The property's UTF-8, or null.
JNIEXPORT jbyteArray JNICALL Java_org_cocoon_backend_NativeLibrary_metadata(JNIEnv *env, jclass,
                                                                            jlong handle,
                                                                            jbyteArray name) {
  return within_memory(env, [&]() -> jbyteArray {
    const Utf8 key(env, name);
    std::vector<char> text(4096);
    int32_t length = 0;
    cocoon_message message;
    cocoon_status status = COCOON_INVALID;
    for (int attempt = 0; attempt < 2 && status == COCOON_INVALID; attempt++) {
      if (length > static_cast<int32_t>(text.size())) {
        text.resize(static_cast<size_t>(length));
      }
      status = cocoon_metadata(backend_of(handle), key.text(), text.data(),
                               static_cast<int32_t>(text.size()), &length, &message);
    }
    check(env, status, message);
    return status == COCOON_OK && length >= 0 ? java_bytes(env, text.data(), length) : nullptr;
  });
}

JNIEXPORT jint JNICALL Java_org_cocoon_backend_NativeLibrary_embeddingSize(JNIEnv *, jclass,
                                                                           jlong handle) {
  return cocoon_embedding_size(backend_of(handle));
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_embed(JNIEnv *env, jclass,
                                                                   jlong handle, jint count,
                                                                   jobject tokens,
                                                                   jobject positions,
                                                                   jobject sequences,
                                                                   jobject sums) {
  const cocoon_embedding_batch batch{
      count, address_of<const int32_t>(env, tokens), address_of<const int32_t>(env, positions),
      address_of<const int32_t>(env, sequences), address_of<double>(env, sums)};
  cocoon_message message;
  check(env, cocoon_embed(backend_of(handle), &batch, &message), message);
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_forgetEmbedding(JNIEnv *env, jclass,
                                                                             jlong handle,
                                                                             jint sequence) {
  cocoon_message message;
  check(env, cocoon_forget_embedding(backend_of(handle), sequence, &message), message);
}

// counters is long[3] in the order of cocoon_stats.
JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_stats(JNIEnv *env, jclass,
                                                                   jlong handle,
                                                                   jlongArray counters) {
  cocoon_stats stats{};
  cocoon_get_stats(backend_of(handle), &stats);
  const jlong values[] = {stats.steps, stats.tokens, stats.step_nanos};
  env->SetLongArrayRegion(counters, 0, 3, values);
}

JNIEXPORT void JNICALL Java_org_cocoon_backend_NativeLibrary_close(JNIEnv *, jclass,
                                                                   jlong handle) {
  cocoon_close(backend_of(handle));
}
}
