// ggml asks its "extra buffer types" for each operation of a graph whether they compute it. That hook is
// meant for weights in layouts of their own; here it takes products of weights in the usual layout.
#include "cpu_kernels.h"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <unordered_set>

#include "ggml-cpu/traits.h"
#include "q4_1_kernel.h"

// The hooks' base classes lie in a library that is loaded at run time.
ggml::cpu::tensor_traits::~tensor_traits() = default;
ggml::cpu::extra_buffer_type::~extra_buffer_type() = default;

namespace cocoon {
namespace {

// With one column ggml's kernel is as fast.
constexpr int64_t least_columns = 2;

// A tile of weights and the columns of one group lie in the first cache together (32 KiB at least).
constexpr int64_t tile_bytes = 12 * 1024;

constexpr size_t cache_line = 64;  // bytes

decltype(&ggml_barrier) barrier = nullptr;
thread_local int64_t products = 0;

// Threads whose graphs are not ours.
class PlainThreads {
 public:
  void add(const ggml_threadpool *threads) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    threads_.insert(threads);
    count_.store(threads_.size(), std::memory_order_release);
  }

  void remove(const ggml_threadpool *threads) {
    const std::unique_lock<std::shared_mutex> lock(mutex_);
    threads_.erase(threads);
    count_.store(threads_.size(), std::memory_order_release);
  }

  bool contain(const ggml_threadpool *threads) {
    if (count_.load(std::memory_order_acquire) == 0) {
      return false;
    }
    const std::shared_lock<std::shared_mutex> lock(mutex_);
    return threads_.count(threads) > 0;
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_set<const ggml_threadpool *> threads_;
  std::atomic<size_t> count_{0};
};

PlainThreads &plain_threads() {
  static PlainThreads threads;
  return threads;
}

// A product's columns in groups of eight, the last one of what is left, and where its threads are.
class Work {
 public:
  explicit Work(const ggml_tensor *columns)
      : count_(columns->ne[1]), blocks_(columns->ne[0] / quants) {}

  // Of memory, wherever it begins.
  size_t size() const {
    return 2 * cache_line + static_cast<size_t>(groups() * blocks_) * sizeof(ColumnBlock);
  }

  void use(void *memory, size_t size) {
    void *aligned = std::align(cache_line, this->size() - cache_line, memory, size);
    GGML_ASSERT(aligned != nullptr);
    next_ = static_cast<std::atomic<int64_t> *>(aligned);
    bytes_ = static_cast<char *>(aligned) + cache_line;
  }

  // One thread does this, before all.
  void begin() { new (next_) std::atomic<int64_t>(0); }

  // Blocks of all columns are shared among the threads.
  void pack(const ggml_tensor *columns, int thread, int threads) {
    const int64_t end = blocks_ * (thread + 1) / threads;
    for (int64_t block = blocks_ * thread / threads; block < end; block++) {
      for (int64_t index = 0; index < groups(); index++) {
        auto *to = reinterpret_cast<ColumnBlock *>(bytes_ + offset(index) +
                                                   static_cast<size_t>(block) * step(index));
        clear_scales(to);  // those of columns that are not there are computed with, too
        const float *from = static_cast<const float *>(columns->data) + block * quants +
                            index * columns_at_once * columns->ne[0];
        for (int column = 0; column < width(index); column++, from += columns->ne[0]) {
          pack_column(from, column, to);
        }
      }
    }
  }

  int64_t next_tile(int64_t rows) { return next_->fetch_add(rows, std::memory_order_relaxed); }

  int64_t blocks() const { return blocks_; }
  int64_t groups() const { return (count_ + columns_at_once - 1) / columns_at_once; }
  const char *group(int64_t index) const { return bytes_ + offset(index); }
  int width(int64_t group) const {
    return static_cast<int>(std::min<int64_t>(columns_at_once, count_ - group * columns_at_once));
  }

 private:
  size_t step(int64_t group) const { return column_block_size(width(group)); }
  size_t offset(int64_t group) const {
    return static_cast<size_t>(group * blocks_) * sizeof(ColumnBlock);
  }

  int64_t count_;
  int64_t blocks_;
  std::atomic<int64_t> *next_ = nullptr;
  char *bytes_ = nullptr;
};

using Multiply = void (*)(const WeightBlock *, int64_t, const char *, int64_t, float *, int64_t);

// Rows of weights with one group of columns; output [columns][stride].
template <int Columns>
COCOON_AVX2 void multiply(const WeightBlock *weights, int64_t rows, const char *columns,
                          int64_t blocks, float *output, int64_t stride) {
  for (int64_t row = 0; row < rows; row++) {
    alignas(32) float products_of_row[columns_at_once];
    _mm256_store_ps(products_of_row,
                    row_product<Columns>(weights + row * blocks, columns, blocks));
    for (int column = 0; column < Columns; column++) {
      output[column * stride + row] = products_of_row[column];
    }
  }
}

constexpr Multiply multiply_by_width[] = {nullptr,     multiply<1>, multiply<2>,
                                          multiply<3>, multiply<4>, multiply<5>,
                                          multiply<6>, multiply<7>, multiply<8>};

bool is_plain_matrix(const ggml_tensor *tensor) {
  return ggml_is_contiguous(tensor) && tensor->ne[2] == 1 && tensor->ne[3] == 1;
}

bool is_batched_product(const ggml_tensor *op) {
  if (op->op != GGML_OP_MUL_MAT || op->src[0]->type != GGML_TYPE_Q4_1 ||
      op->src[1]->ne[1] < least_columns) {
    return false;
  }
  const ggml_tensor *weights = op->src[0];
  const ggml_tensor *columns = op->src[1];
  return weights->buffer != nullptr && ggml_backend_buffer_is_host(weights->buffer) &&
         is_plain_matrix(weights) && columns->type == GGML_TYPE_F32 && is_plain_matrix(columns) &&
         op->type == GGML_TYPE_F32 && is_plain_matrix(op);
}

class Product final : public ggml::cpu::tensor_traits {
 public:
  // More than ggml's kernel needs, which may have to do.
  bool work_size(int, const ggml_tensor *op, size_t &size) override {
    size = Work(op->src[1]).size();
    return true;
  }

  bool compute_forward(ggml_compute_params *params, ggml_tensor *op) override {
    if (plain_threads().contain(params->threadpool)) {
      return false;
    }
    Work work(op->src[1]);
    work.use(params->wdata, params->wsize);
    if (params->ith == 0) {
      work.begin();
      products++;
    }
    work.pack(op->src[1], params->ith, params->nth);
    barrier(params->threadpool);
    multiply_tiles(work, op);
    return true;
  }

 private:
  static void multiply_tiles(Work &work, ggml_tensor *op) {
    const auto *weights = static_cast<const WeightBlock *>(op->src[0]->data);
    auto *output = static_cast<float *>(op->data);
    const int64_t rows = op->src[0]->ne[1];
    const int64_t blocks = work.blocks();
    const int64_t tile = std::max<int64_t>(
        1, tile_bytes / (blocks * static_cast<int64_t>(sizeof(WeightBlock))));
    for (int64_t row = work.next_tile(tile); row < rows; row = work.next_tile(tile)) {
      for (int64_t group = 0; group < work.groups(); group++) {
        multiply_by_width[work.width(group)](
            weights + row * blocks, std::min(tile, rows - row), work.group(group), blocks,
            output + group * columns_at_once * rows + row, rows);
      }
    }
  }
};

// Takes an extra buffer type's place, and asks it first.
class Hook final : public ggml::cpu::extra_buffer_type {
 public:
  explicit Hook(ggml::cpu::extra_buffer_type *before) : before_(before) {}

  bool supports_op(ggml_backend_dev_t device, const ggml_tensor *op) override {
    return before_->supports_op(device, op);
  }

  ggml::cpu::tensor_traits *get_tensor_traits(const ggml_tensor *op) override {
    ggml::cpu::tensor_traits *traits = before_->get_tensor_traits(op);
    return traits == nullptr && is_batched_product(op) ? &product_ : traits;
  }

 private:
  ggml::cpu::extra_buffer_type *before_;
  Product product_;
};

// The CPU library's own function, which it does not offer by name.
decltype(&ggml_barrier) find_barrier(void *function_of_library) {
  Dl_info info;
  if (dladdr(function_of_library, &info) == 0) {
    return nullptr;
  }
  void *library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) {
    return nullptr;
  }
  auto *found = reinterpret_cast<decltype(&ggml_barrier)>(dlsym(library, "ggml_barrier"));
  dlclose(library);  // which ggml holds open
  return found;
}

}  // namespace

void install_cpu_kernels(ggml_backend_dev_t cpu) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c")) {
    return;
  }
  auto *extra_types = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(cpu),
                                        "ggml_backend_dev_get_extra_bufts"));
  if (extra_types == nullptr) {
    return;
  }
  barrier = find_barrier(reinterpret_cast<void *>(extra_types));
  ggml_backend_buffer_type_t *types = extra_types(cpu);
  if (barrier == nullptr || types == nullptr || *types == nullptr ||
      (*types)->context == nullptr) {
    return;
  }
  // Lives as long as the process, as what it stands for does.
  (*types)->context = static_cast<ggml::cpu::extra_buffer_type *>(
      new Hook(static_cast<ggml::cpu::extra_buffer_type *>((*types)->context)));
}

int64_t batched_products() { return products; }

void keep_plain(const ggml_threadpool *threads) { plain_threads().add(threads); }

void release_plain(const ggml_threadpool *threads) { plain_threads().remove(threads); }

}  // namespace cocoon
