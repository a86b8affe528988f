// Copies of small matrices with rows and columns exchanged.
#pragma once

#include <cstdint>

#ifdef __SSE__
#include <immintrin.h>
#endif

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class From, class To>
inline void transpose_each(const From *const *lines, int first_line, int n_lines,
                           std::int64_t first, std::int64_t length, To *to, std::int64_t ld) {
    for (std::int64_t j = first; j < length; ++j) {
        for (int i = first_line; i < n_lines; ++i) to[j * ld + i] = static_cast<To>(lines[i][j]);
    }
}

// to[j * ld + i] = lines[i][j] of lines of this length.
template <class From, class To>
inline void transpose(const From *const *lines, int n_lines, std::int64_t length, To *to,
                      std::int64_t ld) {
    transpose_each(lines, 0, n_lines, 0, length, to, ld);
}

#ifdef __SSE__
inline void transpose_4(const float *const *lines, std::int64_t j, float *to, std::int64_t ld) {
    __m128 a = _mm_loadu_ps(lines[0] + j), b = _mm_loadu_ps(lines[1] + j);
    __m128 c = _mm_loadu_ps(lines[2] + j), d = _mm_loadu_ps(lines[3] + j);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a);
    _mm_storeu_ps(to + ld, b);
    _mm_storeu_ps(to + 2 * ld, c);
    _mm_storeu_ps(to + 3 * ld, d);
}

#ifdef __AVX__
inline void transpose_8(const float *const *lines, std::int64_t j, float *to, std::int64_t ld) {
    // Of each four lines i and i + 4 in one vector: a transpose of four by four in either half.
    __m256 half[2][4];
    for (int right = 0; right < 2; ++right) {
        __m256 x[4];
        for (int i = 0; i < 4; ++i) {
            const __m128 low = _mm_loadu_ps(lines[i] + j + 4 * right);
            const __m128 high = _mm_loadu_ps(lines[i + 4] + j + 4 * right);
            x[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(low), high, 1);
        }
        const __m256 p = _mm256_unpacklo_ps(x[0], x[1]), q = _mm256_unpacklo_ps(x[2], x[3]);
        const __m256 r = _mm256_unpackhi_ps(x[0], x[1]), s = _mm256_unpackhi_ps(x[2], x[3]);
        half[right][0] = _mm256_shuffle_ps(p, q, _MM_SHUFFLE(1, 0, 1, 0));
        half[right][1] = _mm256_shuffle_ps(p, q, _MM_SHUFFLE(3, 2, 3, 2));
        half[right][2] = _mm256_shuffle_ps(r, s, _MM_SHUFFLE(1, 0, 1, 0));
        half[right][3] = _mm256_shuffle_ps(r, s, _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (int i = 0; i < 8; ++i) _mm256_storeu_ps(to + i * ld, half[i / 4][i % 4]);
}
#endif

// Eight by eight and four by four where there are as many.
template <>
inline void transpose(const float *const *lines, int n_lines, std::int64_t length, float *to,
                      std::int64_t ld) {
    int i = 0;
#ifdef __AVX__
    for (; i + 8 <= n_lines; i += 8) {
        std::int64_t j = 0;
        for (; j + 8 <= length; j += 8) transpose_8(lines + i, j, to + j * ld + i, ld);
        for (; j + 4 <= length; j += 4) {
            transpose_4(lines + i, j, to + j * ld + i, ld);
            transpose_4(lines + i + 4, j, to + j * ld + i + 4, ld);
        }
        transpose_each(lines, i, i + 8, j, length, to, ld);
    }
#endif
    for (; i + 4 <= n_lines; i += 4) {
        std::int64_t j = 0;
        for (; j + 4 <= length; j += 4) transpose_4(lines + i, j, to + j * ld + i, ld);
        transpose_each(lines, i, i + 4, j, length, to, ld);
    }
    transpose_each(lines, i, n_lines, 0, length, to, ld);
}
#endif

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
