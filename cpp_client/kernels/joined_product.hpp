// Products with a matrix whose rows lie in several places; row-major throughout.
#pragma once

#include <cstddef>

#include "simd.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Rows of a matrix.
template <class Real>
struct Rows {
    const Real *first;
    int ld;
    int count;
};

// C[ROWS, VECTORS] = START + A B, all of C in registers. B is all ``parts`` under one another, of
// which the columns from ``column`` count; ``start`` may be C itself, or null for 0.
template <class Real, int ROWS, int VECTORS>
inline void joined_block(const Real *a, int lda, const Rows<Real> *parts, int n_parts, int column,
                         const Real *start, int ld_start, Real *c, int ldc) {
    constexpr int n = LANES<Real>;
    Vector<Real> sums[ROWS][VECTORS];
    for (int i = 0; i < ROWS; ++i) {
        for (int j = 0; j < VECTORS; ++j)
            sums[i][j] = start ? load(start + i * ld_start + j * n) : Vector<Real>{};
    }
    for (int part = 0; part < n_parts; ++part) {
        const Real *b = parts[part].first + column;
        for (int k = 0; k < parts[part].count; ++k, b += parts[part].ld, ++a) {
            Vector<Real> right[VECTORS];
            for (int j = 0; j < VECTORS; ++j) right[j] = load(b + j * n);
#pragma GCC unroll 12
            for (int i = 0; i < ROWS; ++i) {
                const Vector<Real> left = broadcast(a[i * lda]);
#pragma GCC unroll 2
                for (int j = 0; j < VECTORS; ++j) sums[i][j] += left * right[j];
            }
        }
    }
    for (int i = 0; i < ROWS; ++i) {
        for (int j = 0; j < VECTORS; ++j) store(c + i * ldc + j * n, sums[i][j]);
    }
}

// The same for any number of rows up to ROWS.
template <class Real, int VECTORS, int ROWS = MAX_ROWS>
inline void joined_few_rows(int rows, const Real *a, int lda, const Rows<Real> *parts, int n_parts,
                            int column, const Real *start, int ld_start, Real *c, int ldc) {
    if constexpr (ROWS > 0) {
        if (rows == ROWS) {
            joined_block<Real, ROWS, VECTORS>(a, lda, parts, n_parts, column, start, ld_start, c,
                                              ldc);
        } else {
            joined_few_rows<Real, VECTORS, ROWS - 1>(rows, a, lda, parts, n_parts, column, start,
                                                     ld_start, c, ldc);
        }
    }
}

// The same for any number of rows.
template <class Real, int VECTORS>
inline void joined_product(int rows, const Real *a, int lda, const Rows<Real> *parts, int n_parts,
                           int column, const Real *start, int ld_start, Real *c, int ldc) {
    for (int i = 0, left = (rows + MAX_ROWS - 1) / MAX_ROWS; left > 0; --left) {
        const int count = (rows - i + left - 1) / left;
        joined_few_rows<Real, VECTORS>(count, a + static_cast<std::ptrdiff_t>(i) * lda, lda, parts,
                                       n_parts, column, start ? start + i * ld_start : nullptr,
                                       ld_start, c + static_cast<std::ptrdiff_t>(i) * ldc, ldc);
        i += count;
    }
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
