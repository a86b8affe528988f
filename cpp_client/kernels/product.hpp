// Products of small matrices that lie in the cache; row-major throughout.
#pragma once

#include <cstddef>
#include <vector>

#include "simd.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// C[ROWS, VECTORS] = START + A B, all of C in registers. ``start`` may be C itself, or null for 0.
template <class Real, int ROWS, int VECTORS>
inline void block_product(int depth, const Real *a, int lda, const Real *b, int ldb,
                          const Real *start, int ld_start, Real *c, int ldc) {
    constexpr int n = LANES<Real>;
    Vector<Real> sums[ROWS][VECTORS];
    for (int i = 0; i < ROWS; ++i) {
        for (int j = 0; j < VECTORS; ++j) {
            sums[i][j] = start ? load(start + i * ld_start + j * n) : Vector<Real>{};
        }
    }
    for (int k = 0; k < depth; ++k) {
        Vector<Real> right[VECTORS];
        for (int j = 0; j < VECTORS; ++j)
            right[j] = load(b + static_cast<std::ptrdiff_t>(k) * ldb + j * n);
#pragma GCC unroll 12
        for (int i = 0; i < ROWS; ++i) {
            const Vector<Real> left = broadcast(a[i * lda + k]);
#pragma GCC unroll 2
            for (int j = 0; j < VECTORS; ++j) sums[i][j] += left * right[j];
        }
    }
    for (int i = 0; i < ROWS; ++i) {
        for (int j = 0; j < VECTORS; ++j) store(c + i * ldc + j * n, sums[i][j]);
    }
}

// The same for any number of rows up to ROWS.
template <class Real, int VECTORS, int ROWS = MAX_ROWS>
inline void few_rows(int rows, int depth, const Real *a, int lda, const Real *b, int ldb,
                     const Real *start, int ld_start, Real *c, int ldc) {
    if constexpr (ROWS > 0) {
        if (rows == ROWS) {
            block_product<Real, ROWS, VECTORS>(depth, a, lda, b, ldb, start, ld_start, c, ldc);
        } else {
            few_rows<Real, VECTORS, ROWS - 1>(rows, depth, a, lda, b, ldb, start, ld_start, c, ldc);
        }
    }
}

// The same for any number of rows.
template <class Real, int VECTORS>
inline void all_rows(int rows, int depth, const Real *a, int lda, const Real *b, int ldb,
                     const Real *start, int ld_start, Real *c, int ldc) {
    // Blocks of about equal height: one of few rows takes as long as a higher one.
    for (int i = 0, left = (rows + MAX_ROWS - 1) / MAX_ROWS; left > 0; --left) {
        const int count = (rows - i + left - 1) / left;
        few_rows<Real, VECTORS>(count, depth, a + i * lda, lda, b, ldb,
                                start ? start + i * ld_start : nullptr, ld_start, c + i * ldc, ldc);
        i += count;
    }
}

// C[rows, columns] = START + A[rows, depth] B[depth, columns]; columns a multiple of a vector.
template <class Real>
inline void product(int rows, int columns, int depth, const Real *a, int lda, const Real *b,
                    int ldb, const Real *start, int ld_start, Real *c, int ldc) {
    constexpr int n = LANES<Real>;
    int j = 0;
    for (; j + 2 * n <= columns; j += 2 * n) {
        all_rows<Real, 2>(rows, depth, a, lda, b + j, ldb, start ? start + j : nullptr, ld_start,
                          c + j, ldc);
    }
    for (; j < columns; j += n) {
        all_rows<Real, 1>(rows, depth, a, lda, b + j, ldb, start ? start + j : nullptr, ld_start,
                          c + j, ldc);
    }
}

// A weight matrix in panels of two vectors, so that a product reads it in order.
template <class Real>
class PackedMatrix {
  public:
    PackedMatrix() = default;

    // ``transposed``: of W[columns, depth] instead of W[depth, columns].
    PackedMatrix(const Real *w, int depth, int columns, bool transposed)
        : depth_(depth), columns_(columns), panels_(static_cast<std::size_t>(depth) * columns) {
        const int row = transposed ? 1 : columns, column = transposed ? depth : 1;
        Real *to = panels_.data();
        for (int start = 0; start < columns; start += WIDTH) {
            const int width = width_at(start);
            for (int k = 0; k < depth; ++k) {
                for (int j = 0; j < width; ++j) *to++ = w[k * row + (start + j) * column];
            }
        }
    }

    // C[rows, columns] = START + A[rows, depth] W.
    void multiply(int rows, const Real *a, int lda, const Real *start, int ld_start, Real *c,
                  int ldc) const {
        const Real *panel = panels_.data();
        for (int j = 0; j < columns_; j += WIDTH) {
            const int width = width_at(j);
            const Real *from = start ? start + j : nullptr;
            if (width == WIDTH) {
                all_rows<Real, 2>(rows, depth_, a, lda, panel, width, from, ld_start, c + j, ldc);
            } else {
                all_rows<Real, 1>(rows, depth_, a, lda, panel, width, from, ld_start, c + j, ldc);
            }
            panel += static_cast<std::ptrdiff_t>(depth_) * width;
        }
    }

  private:
    static constexpr int WIDTH = 2 * LANES<Real>;

    int width_at(int start) const { return columns_ - start < WIDTH ? columns_ - start : WIDTH; }

    int depth_ = 0, columns_ = 0;
    std::vector<Real> panels_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
