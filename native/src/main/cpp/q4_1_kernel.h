// Products of a matrix in Q4_1 with several columns at once (GEMM), on AVX2.
//
// llama.cpp computes such a product column by column, and so takes each block of weights apart anew for
// every token of a batch. Here a block is taken apart once for up to eight tokens. Each sum is formed
// in the order in which ggml's own kernel for one column forms it, so the results are the same to the
// last bit: how many tokens share a step has no influence on what any of them gets.
#ifndef COCOON_Q4_1_KERNEL_H
#define COCOON_Q4_1_KERNEL_H

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cocoon {

#define COCOON_AVX2 __attribute__((target("avx2,fma,f16c")))

constexpr int64_t quants = 32;  // values of a block
constexpr int columns_at_once = 8;

// 32 weights, each `scale * quant + minimum`. Quant i is in the low half of byte i, quant 16 + i in
// the high half (ggml's block_q4_1).
struct WeightBlock {
  uint16_t scale;  // half precision, as minimum
  uint16_t minimum;
  uint8_t pairs[quants / 2];
};
static_assert(sizeof(WeightBlock) == 20, "a block of Q4_1 has 20 bytes");

// 32 values of each of up to eight columns, in eight bits (ggml's block_q8_1, column beside column).
// Scales and sums are rounded to half precision, as ggml's are; those of columns that are not there are
// 0. Of `values`, columns * 32 are used, and the next block begins behind them.
struct alignas(32) ColumnBlock {
  float scales[columns_at_once];
  float sums[columns_at_once];  // scale * (sum of the values)
  int8_t values[columns_at_once * quants];
};

constexpr size_t column_block_size(int columns) {
  return offsetof(ColumnBlock, values) + static_cast<size_t>(columns) * quants;
}

inline void clear_scales(ColumnBlock *block) {
  memset(block->scales, 0, sizeof block->scales);
  memset(block->sums, 0, sizeof block->sums);
}

COCOON_AVX2 inline float rounded_to_half(float value) {
  return _cvtsh_ss(_cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT));
}

COCOON_AVX2 inline float largest_of(__m256 values) {
  __m128 most = _mm_max_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
  most = _mm_max_ps(most, _mm_movehl_ps(most, most));
  return _mm_cvtss_f32(_mm_max_ss(most, _mm_movehdup_ps(most)));
}

COCOON_AVX2 inline int32_t sum_of(__m256i values) {
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(2, 3, 0, 1)));
  return _mm_cvtsi128_si32(sum);
}

// Rounds 32 values of one column to eight bits.
COCOON_AVX2 inline void pack_column(const float *from, int column, ColumnBlock *to) {
  __m256 parts[4];
  __m256 largest = _mm256_setzero_ps();
  for (int i = 0; i < 4; i++) {
    parts[i] = _mm256_loadu_ps(from + 8 * i);
    largest = _mm256_max_ps(largest, _mm256_andnot_ps(_mm256_set1_ps(-0.0F), parts[i]));
  }
  const float most = largest_of(largest);
  const __m256 inverse = _mm256_set1_ps(most == 0 ? 0 : 127.0F / most);
  __m256i rounded[4];
  for (int i = 0; i < 4; i++) {
    rounded[i] = _mm256_cvtps_epi32(_mm256_mul_ps(parts[i], inverse));
  }
  const __m256i low = _mm256_packs_epi32(rounded[0], rounded[1]);
  const __m256i high = _mm256_packs_epi32(rounded[2], rounded[3]);
  // Packing works in halves of 128 bits; the permutation puts the values in their order again.
  const __m256i bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high),
                                                    _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
  _mm256_store_si256(reinterpret_cast<__m256i *>(to->values + column * quants), bytes);
  const float scale = most / 127.0F;
  const __m256i sums = _mm256_add_epi32(_mm256_add_epi32(rounded[0], rounded[1]),
                                        _mm256_add_epi32(rounded[2], rounded[3]));
  to->scales[column] = rounded_to_half(scale);
  to->sums[column] = rounded_to_half(scale * static_cast<float>(sum_of(sums)));
}

// The eight sums over eight accumulators, each added up as ggml adds up its one.
COCOON_AVX2 inline __m256 sums_of(const __m256 (&of)[columns_at_once]) {
  __m256 halves[4];
  for (int i = 0; i < 4; i++) {
    halves[i] = _mm256_add_ps(_mm256_permute2f128_ps(of[i], of[i + 4], 0x31),
                              _mm256_permute2f128_ps(of[i], of[i + 4], 0x20));
  }
  __m256 quarters[2];
  for (int i = 0; i < 2; i++) {
    quarters[i] = _mm256_add_ps(_mm256_shuffle_ps(halves[2 * i], halves[2 * i + 1], 0x44),
                                _mm256_shuffle_ps(halves[2 * i], halves[2 * i + 1], 0xEE));
  }
  return _mm256_add_ps(_mm256_shuffle_ps(quarters[0], quarters[1], 0x88),
                       _mm256_shuffle_ps(quarters[0], quarters[1], 0xDD));
}

// The products of one row of weights with each of `Columns` columns.
template <int Columns>
COCOON_AVX2 inline __m256 row_product(const WeightBlock *row, const char *columns, int64_t blocks) {
  __m256 products[columns_at_once];
  for (auto &product : products) {
    product = _mm256_setzero_ps();
  }
  __m256 minimums = _mm256_setzero_ps();
  for (int64_t i = 0; i < blocks; i++, columns += column_block_size(Columns)) {
    const auto *block = reinterpret_cast<const ColumnBlock *>(columns);
    const __m128i pairs = _mm_loadu_si128(reinterpret_cast<const __m128i *>(row[i].pairs));
    const __m256i weights =
        _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(pairs, 4), pairs), _mm256_set1_epi8(15));
    int32_t halves;
    memcpy(&halves, &row[i].scale, sizeof halves);
    const __m128 floats = _mm_cvtph_ps(_mm_cvtsi32_si128(halves));
    alignas(32) float scales[columns_at_once];
    _mm256_store_ps(scales, _mm256_mul_ps(_mm256_broadcastss_ps(floats),
                                          _mm256_load_ps(block->scales)));
    minimums = _mm256_fmadd_ps(_mm256_broadcastss_ps(_mm_movehdup_ps(floats)),
                               _mm256_load_ps(block->sums), minimums);
    for (int column = 0; column < Columns; column++) {
      const __m256i values = _mm256_load_si256(
          reinterpret_cast<const __m256i *>(block->values + column * quants));
      const __m256i sums =
          _mm256_madd_epi16(_mm256_maddubs_epi16(weights, values), _mm256_set1_epi16(1));
      products[column] = _mm256_fmadd_ps(_mm256_broadcast_ss(scales + column),
                                         _mm256_cvtepi32_ps(sums), products[column]);
    }
  }
  return _mm256_add_ps(sums_of(products), minimums);
}

}  // namespace cocoon

#endif
