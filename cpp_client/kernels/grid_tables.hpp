// The matrices of a grid unit, in the order in which its kernels read them.
#pragma once

#include <algorithm>
#include <vector>

#include "grid_unit.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Rows of a field that share a matrix: those of a degree in one frame.
struct FieldRows {
    int first;   // row of the field
    int packed;  // first packed row
    int count;   // 2 l + 1
    int frame;   // |k|
    int matrix;  // of the frame's
};

inline std::vector<FieldRows> field_rows(const GridShape &shape) {
    std::vector<FieldRows> rows;
    int first = 0;
    for (int k = 0; k <= shape.kmax; ++k) {
        for (int l = k; l <= shape.lmax; ++l) {
            const int signs = k == 0 ? 1 : 2;
            for (int sign = 0; sign < signs; ++sign) {
                rows.push_back({first, l * l, 2 * l + 1, k, (l - k) * signs + sign});
                first += 2 * l + 1;
            }
        }
    }
    return rows;
}

// The place among a field's rows of frame k that ``row`` of the files' order has, in which frames
// -k and +k of a packed row follow each other.
inline int field_row(int k, int row) {
    if (k == 0) return row;
    const int packed = k * k + row / 2;
    int l = k;
    while ((l + 1) * (l + 1) <= packed) ++l;
    return 2 * (l * l - k * k) + (row % 2) * (2 * l + 1) + packed - l * l;
}

// Matrices between coefficients and values of each k, and their transposes.
template <class Real>
struct GridMatrices {
    std::vector<std::vector<Real>> to_grid, from_grid;

    // ``back``: transposed, from values to coefficients and from coefficients to values.
    GridMatrices(const GridShape &shape, const GridTensors<Real> &in, bool back) {
        for (int k = 0; k <= shape.kmax; ++k) {
            const int rows = shape.rows_of(k), values = shape.values_of(k);
            to_grid.emplace_back(static_cast<std::size_t>(rows) * values);
            from_grid.emplace_back(static_cast<std::size_t>(rows) * values);
            for (int i = 0; i < rows; ++i) {
                const int place = field_row(k, i);
                for (int g = 0; g < values; ++g) {
                    const int by_value = g * rows + place, by_row = place * values + g;
                    to_grid[k][back ? by_row : by_value] = in.to_grid[k][g * rows + i];
                    from_grid[k][back ? by_value : by_row] = in.from_grid[k][i * values + g];
                }
            }
        }
    }
};

// Where in a weight [..., rows, columns] its matrices, or parts of them, lie.
struct MatrixPart {
    int size;   // numbers of a whole matrix
    int first;  // number of the part's first element
    int depth, columns;
    int row, column;  // from one to the next
};

// Linear maps between features [D][n][C] of some atoms and their field [rows][n][P].
template <class Real>
class FieldLayer {
  public:
    FieldLayer(const GridShape &shape, const Real *const *weights, const MatrixPart &part)
        : rows_(field_rows(shape)) {
        for (const FieldRows &rows : rows_) {
            const Real *w = weights[rows.frame] +
                            static_cast<std::ptrdiff_t>(rows.matrix) * part.size + part.first;
            matrices_.emplace_back(w, part.depth, part.columns, part.row, part.column);
        }
    }

    // To a panel of the columns of a field.
    void to_field(int first, int n, const Real *features, int lda, Real *panel, int ldc) const {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const FieldRows &rows = rows_[i];
            matrices_[i].multiply_panel(first, rows.count * n, features + rows.packed * n * lda,
                                        lda, nullptr, 0, panel + rows.first * n * ldc, ldc);
        }
    }

    // From a field, the frames of each row summed; ``add``: to what is there.
    void from_field(int n, const Real *field, int lda, bool add, Real *features, int ldc) const {
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            const FieldRows &rows = rows_[i];
            Real *to = features + rows.packed * n * ldc;
            matrices_[i].multiply(rows.count * n, field + rows.first * n * lda, lda,
                                  add || rows.frame > 0 ? to : nullptr, ldc, to, ldc);
        }
    }

  private:
    std::vector<FieldRows> rows_;
    std::vector<PackedMatrix<Real>> matrices_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
