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
    int sign;    // 1 of frame +k
    int half;
    int matrix;  // of the frame's

    // The place of the i-th among the rows of k in files, where -k and +k of a row are neighbours.
    int in_file(int i) const {
        return frame == 0 ? packed + i : 2 * (packed + i - frame * frame) + sign;
    }
};

inline std::vector<FieldRows> field_rows(const GridShape &shape) {
    std::vector<FieldRows> rows;
    int first = 0;
    for (int k = 0; k <= shape.kmax; ++k) {
        const int signs = k == 0 ? 1 : 2;
        for (int half = 0; half < 2; ++half) {
            for (int l = k; l <= shape.lmax; ++l) {
                for (int sign = 0; sign < signs; ++sign) {
                    if (shape.half_of(k, l, sign) != half) continue;
                    rows.push_back(
                        {first, l * l, 2 * l + 1, k, sign, half, (l - k) * signs + sign});
                    first += 2 * l + 1;
                }
            }
        }
    }
    return rows;
}

// The matrix between coefficients and values of one half of the frames of a k.
template <class Real>
struct HalfMatrix {
    int first_row, n_rows;        // of the field
    int first_value, n_values;    // of its values
    std::vector<Real> to_grid;    // [values, rows]
    std::vector<Real> from_grid;  // [rows, values]
};

// ``back``: their transposes, from_grid as the one to values.
template <class Real>
std::vector<HalfMatrix<Real>> half_matrices(const GridShape &shape, const GridTensors<Real> &in,
                                            bool back) {
    std::vector<HalfMatrix<Real>> matrices;
    for (int k = 0; k <= shape.kmax; ++k) {
        for (int half = 0; half < 2; ++half) {
            const int n_rows = shape.rows_of_half(k, half), n_values = shape.values_of(k) / 2;
            const auto size = static_cast<std::size_t>(n_rows) * n_values;
            matrices.push_back({shape.first_row(k) + half * shape.rows_of_half(k, 0), n_rows,
                                shape.first_value(k) + half * n_values, n_values,
                                std::vector<Real>(size), std::vector<Real>(size)});
        }
    }
    for (const FieldRows &rows : field_rows(shape)) {
        HalfMatrix<Real> &m = matrices[2 * rows.frame + rows.half];
        const int all_rows = shape.rows_of(rows.frame), all_values = shape.values_of(rows.frame);
        for (int i = 0; i < rows.count; ++i) {
            const int row = rows.first - m.first_row + i, in_file = rows.in_file(i);
            for (int g = 0; g < m.n_values; ++g) {
                const int value = 2 * g;  // u, then v, of the first of each two opposite points
                const Real to = in.to_grid[rows.frame][value * all_rows + in_file],
                           from = in.from_grid[rows.frame][in_file * all_values + value];
                m.to_grid[g * m.n_rows + row] = back ? from : to;
                m.from_grid[row * m.n_values + g] = back ? to : from;
            }
        }
    }
    return matrices;
}

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
