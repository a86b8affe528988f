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

// Columns of a panel: two vectors, or the last one.
template <class Real>
constexpr int PANEL = 2 * LANES<Real>;

template <class Real>
inline int panel_width(int columns, int first) {
    return columns - first < PANEL<Real> ? columns - first : PANEL<Real>;
}

// A weight matrix in panels, so that a product reads it in order.
template <class Real>
class PackedMatrix {
  public:
    PackedMatrix() = default;

    // ``transposed``: of W[columns, depth] instead of W[depth, columns].
    PackedMatrix(const Real *w, int depth, int columns, bool transposed)
        : PackedMatrix(w, depth, columns, transposed ? 1 : columns, transposed ? depth : 1) {}

    // Part of a larger matrix, whose rows and columns are so far apart.
    PackedMatrix(const Real *w, int depth, int columns, int row, int column)
        : depth_(depth), columns_(columns), panels_(static_cast<std::size_t>(depth) * columns) {
        Real *to = panels_.data();
        for (int start = 0; start < columns; start += PANEL<Real>) {
            const int width = panel_width<Real>(columns, start);
            for (int k = 0; k < depth; ++k) {
                for (int j = 0; j < width; ++j) *to++ = w[k * row + (start + j) * column];
            }
        }
    }

    // C[rows, columns] = START + A[rows, depth] W.
    void multiply(int rows, const Real *a, int lda, const Real *start, int ld_start, Real *c,
                  int ldc) const {
        for (int j = 0; j < columns_; j += PANEL<Real>) {
            multiply_panel(j, rows, a, lda, start ? start + j : nullptr, ld_start, c + j, ldc);
        }
    }

    // The columns from ``first``, a multiple of PANEL, alone; ``start`` and C begin with them.
    void multiply_panel(int first, int rows, const Real *a, int lda, const Real *start,
                        int ld_start, Real *c, int ldc) const {
        const Real *panel = panels_.data() + static_cast<std::ptrdiff_t>(depth_) * first;
        const int width = panel_width<Real>(columns_, first);
        if (width == PANEL<Real>) {
            all_rows<Real, 2>(rows, depth_, a, lda, panel, width, start, ld_start, c, ldc);
        } else {
            all_rows<Real, 1>(rows, depth_, a, lda, panel, width, start, ld_start, c, ldc);
        }
    }

  private:
    int depth_ = 0, columns_ = 0;
    std::vector<Real> panels_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
