// What llama.cpp has once in a process: its log and the CPU library chosen for this machine.
#ifndef COCOON_LLAMA_RUNTIME_H
#define COCOON_LLAMA_RUNTIME_H

#include <dlfcn.h>

#include <mutex>
#include <string>

#include "cpu_kernels.h"
#include "errors.h"
#include "ggml-backend.h"
#include "llama.h"

namespace cocoon {

// llama.cpp tells why it failed only in its log: the first error since clear() is kept for the
// message, everything else is dropped. Its lines never hold tokens of a prompt.
class ErrorLog {
 public:
  static void receive(ggml_log_level level, const char *text, void *self) {
    static_cast<ErrorLog *>(self)->append(level, text);
  }

  void clear() {
    const std::lock_guard<std::mutex> lock(mutex_);
    first_.clear();
    complete_ = false;
  }

  std::string first() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return first_.empty() ? "it gave no reason" : first_;
  }

 private:
  void append(ggml_log_level level, const char *text) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (level != GGML_LOG_LEVEL_CONT) {
      taking_ = level == GGML_LOG_LEVEL_ERROR && !complete_;
    }
    if (!taking_ || first_.size() > 400) {
      return;
    }
    first_ += text;
    if (!first_.empty() && first_.back() == '\n') {
      first_.pop_back();
      complete_ = true;
      taking_ = false;
    }
  }

  std::mutex mutex_;
  std::string first_;
  bool taking_ = false;
  bool complete_ = false;
};

inline ErrorLog &error_log() {
  static ErrorLog log;  // the callback outlives every backend
  return log;
}

// Loads the CPU library that fits this machine best, once for the process.
inline ggml_backend_dev_t load_cpu(const char *folder) {
  static std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (cpu == nullptr) {
    llama_log_set(ErrorLog::receive, &error_log());
    ggml_backend_load_all_from_path(folder);
    llama_backend_init();
    cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    if (cpu != nullptr) {
      install_cpu_kernels(cpu);
    }
  }
  if (cpu == nullptr) {
    throw failure(COCOON_UNUSABLE, "no libggml-cpu-*.so that runs on this machine was found beside "
                                   "libcocoon_llama.so");
  }
  return cpu;
}

// A function of the CPU library, which is loaded at run time and cannot be linked.
template <typename Function>
Function cpu_function(ggml_backend_dev_t cpu, const char *name) {
  auto *address = ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu), name);
  if (address == nullptr) {
    throw failure(COCOON_UNUSABLE, "the CPU library has no function %s; its version does not fit",
                  name);
  }
  return reinterpret_cast<Function>(address);
}

// "zen4" of .../libggml-cpu-zen4.so: which of the variants was chosen.
inline std::string cpu_variant(void *function) {
  Dl_info info;
  if (dladdr(function, &info) == 0 || info.dli_fname == nullptr) {
    return "unknown";
  }
  std::string name = info.dli_fname;
  name = name.substr(name.rfind('/') + 1);
  const std::string before = "libggml-cpu-";
  const std::string after = ".so";
  if (name.size() <= before.size() + after.size() || name.compare(0, before.size(), before) != 0) {
    return name;
  }
  return name.substr(before.size(), name.size() - before.size() - after.size());
}

}  // namespace cocoon

#endif
