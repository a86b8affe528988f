// Copies of small matrices with rows and columns exchanged.
#pragma once

#include <cstdint>

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class From, class To>
inline void transpose_each(const From *from, std::int64_t ld_from, std::int64_t first_row,
                           std::int64_t rows, std::int64_t first_column, std::int64_t columns,
                           To *to, std::int64_t ld_to) {
    for (std::int64_t i = first_row; i < rows; ++i) {
        for (std::int64_t j = first_column; j < columns; ++j) {
            to[j * ld_to + i] = static_cast<To>(from[i * ld_from + j]);
        }
    }
}

// to[j, i] = from[i, j] of a matrix [rows, columns].
template <class From, class To>
inline void transpose(const From *from, std::int64_t ld_from, std::int64_t rows,
                      std::int64_t columns, To *to, std::int64_t ld_to) {
    transpose_each(from, ld_from, 0, rows, 0, columns, to, ld_to);
}

#ifdef __SSE__
// Four by four where there are as many.
template <>
inline void transpose(const float *from, std::int64_t ld_from, std::int64_t rows,
                      std::int64_t columns, float *to, std::int64_t ld_to) {
    const std::int64_t whole_rows = rows - rows % 4, whole_columns = columns - columns % 4;
    for (std::int64_t j = 0; j < whole_columns; j += 4) {
        for (std::int64_t i = 0; i < whole_rows; i += 4) {
            const float *block = from + i * ld_from + j;
            __m128 a = _mm_loadu_ps(block), b = _mm_loadu_ps(block + ld_from);
            __m128 c = _mm_loadu_ps(block + 2 * ld_from), d = _mm_loadu_ps(block + 3 * ld_from);
            _MM_TRANSPOSE4_PS(a, b, c, d);
            float *result = to + j * ld_to + i;
            _mm_storeu_ps(result, a);
            _mm_storeu_ps(result + ld_to, b);
            _mm_storeu_ps(result + 2 * ld_to, c);
            _mm_storeu_ps(result + 3 * ld_to, d);
        }
    }
    transpose_each(from, ld_from, whole_rows, rows, 0, columns, to, ld_to);
    transpose_each(from, ld_from, 0, whole_rows, whole_columns, columns, to, ld_to);
}
#endif

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
