// What both directions of a grid unit do with a block of atoms; see grid_unit.hpp.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "grid_tables.hpp"
#include "grid_values.hpp"
#include "parallel_for.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Numbers that nobody sets to zero first.
template <class Real>
class Buffer {
  public:
    explicit Buffer(std::ptrdiff_t size) : numbers_(new Real[size]) {}
    Real *data() const { return numbers_.get(); }

  private:
    std::unique_ptr<Real[]> numbers_;
};

constexpr std::ptrdiff_t FIELD_BYTES = 1 << 18;  // of a block, so that it stays in the cache

template <class Real>
class GridBlocks {
  public:
    GridBlocks(const GridShape &shape, const GridTensors<Real> &in)
        : shape_(shape),
          left_(shape, in.left, first_layer(shape)),
          right_(shape, in.right, first_layer(shape)),
          matrices_(shape, in, false),
          gate_(in.gate, 2 * shape.hidden, shape.hidden, false),
          features_{in.features[0], in.features[1]} {
        if (in.scalars != nullptr)
            scalars_ = PackedMatrix<Real>(in.scalars, shape.channels, 2 * shape.hidden, false);
    }

    // What is computed first, and what is kept of it.
    struct Inputs {
        explicit Inputs(const GridShape &shape)
            : n_features(static_cast<std::ptrdiff_t>(shape.n_packed()) * most_atoms(shape) *
                         shape.channels),
              features(shape.n_inputs * n_features),
              scalars(2 * most_atoms(shape) * shape.hidden),
              gate(most_atoms(shape) * shape.hidden) {}
        std::ptrdiff_t n_features;
        Buffer<Real> features;  // x, z: [D][n][C]
        Buffer<Real> scalars;   // s, t: [n][2 H]
        Buffer<Real> gate;      // [n][H]
    };

    // A panel of the channels of two fields, and the values of an atom's.
    struct Panels {
        explicit Panels(const GridShape &shape)
            : left(shape.n_rows() * most_atoms(shape) * PANEL<Real>),
              right(shape.n_rows() * most_atoms(shape) * PANEL<Real>),
              left_values(shape.n_values() * PANEL<Real>),
              right_values(shape.n_values() * PANEL<Real>),
              product(shape.n_values() * PANEL<Real>) {}
        Buffer<Real> left, right;                              // [rows][n][width]
        Buffer<Real> left_values, right_values, product;  // [values][width]
    };

    static int most_atoms(const GridShape &shape) {
        const auto bytes = static_cast<std::ptrdiff_t>(sizeof(Real)) * shape.n_rows() *
                           std::max(shape.hidden, shape.width);
        return 2 * MAX_ROWS * bytes <= FIELD_BYTES ? 2 * MAX_ROWS : MAX_ROWS;
    }

    // Calls ``work(first atom, number of atoms)`` for each block.
    template <class Work>
    static void for_blocks(const GridShape &shape, const ParallelFor &parallel_for,
                           const Work &work) {
        const int size = most_atoms(shape);
        parallel_for((shape.n_atoms + size - 1) / size, [&](std::int64_t i) {
            const std::int64_t first = i * size;
            work(first, static_cast<int>(std::min<std::int64_t>(size, shape.n_atoms - first)));
        });
    }

    // Features, scalars and gate of n atoms.
    void prepare(std::int64_t first, int n, Inputs &inputs) const {
        const int C = shape_.channels, H = shape_.hidden;
        for (int i = 0; i < shape_.n_inputs; ++i)
            rows_first(n, features_[i] + first * shape_.n_packed() * C, x(inputs, i));
        Real *scalars = inputs.scalars.data(), *gate = inputs.gate.data();
        if (shape_.n_inputs == 1) {
            scalars_.multiply(n, x(inputs, 0), C, nullptr, 0, scalars, 2 * H);
        } else {
            for (int t = 0; t < n; ++t) {
                std::copy_n(x(inputs, 0) + t * C, C, scalars + 2 * t * H);
                std::copy_n(x(inputs, 1) + t * C, C, scalars + (2 * t + 1) * H);
            }
        }
        gate_.multiply(n, scalars, 2 * H, nullptr, 0, gate, H);
        for (int i = 0; i < n * H; i += LANES<Real>) store(gate + i, sigmoid<Real>(load(gate + i)));
    }

    // The i-th input, or the only one.
    Real *x(const Inputs &inputs, int i) const {
        return inputs.features.data() + (shape_.n_inputs == 2 ? i : 0) * inputs.n_features;
    }

    // A panel of both fields of n atoms, from channel ``start`` on.
    void make_fields(int start, int n, const Inputs &inputs, const Panels &panels) const {
        const int C = shape_.channels, width = panel_width<Real>(shape_.width, start);
        left_.to_field(start, n, x(inputs, 0), C, panels.left.data(), width);
        right_.to_field(start, n, x(inputs, 1), C, panels.right.data(), width);
    }

    // The values of both fields of the t-th atom.
    void make_values(int t, int n, int width, const Panels &panels) const {
        to_values(matrices_.to_grid, width, panels.left.data() + t * width, n * width,
                  panels.left_values.data());
        to_values(matrices_.to_grid, width, panels.right.data() + t * width, n * width,
                  panels.right_values.data());
    }

    // A field of one atom, rows so far apart, to values [values][width].
    void to_values(const std::vector<std::vector<Real>> &matrices, int width, const Real *field,
                   int ld, Real *values) const {
        for (int k = 0; k <= shape_.kmax; ++k) {
            const int rows = shape_.rows_of(k);
            product(shape_.values_of(k), width, rows, matrices[k].data(), rows,
                    field + shape_.first_row(k) * ld, ld, static_cast<const Real *>(nullptr), 0,
                    values + shape_.first_value(k) * width, width);
        }
    }

    // The reverse.
    void from_values(const std::vector<std::vector<Real>> &matrices, int width,
                     const Real *values, Real *field, int ld) const {
        for (int k = 0; k <= shape_.kmax; ++k) {
            const int n_values = shape_.values_of(k);
            product(shape_.rows_of(k), width, n_values, matrices[k].data(), n_values,
                    values + shape_.first_value(k) * width, width,
                    static_cast<const Real *>(nullptr), 0, field + shape_.first_row(k) * ld, ld);
        }
    }

    // [n, D, C] -> [D][n][C].
    void rows_first(int n, const Real *from, Real *to) const {
        const int D = shape_.n_packed(), C = shape_.channels;
        for (int t = 0; t < n; ++t) {
            for (int d = 0; d < D; ++d)
                std::copy_n(from + (t * D + d) * C, C, to + (d * n + t) * C);
        }
    }

    // The reverse.
    void atoms_first(int n, const Real *from, Real *to) const {
        const int D = shape_.n_packed(), C = shape_.channels;
        for (int t = 0; t < n; ++t) {
            for (int d = 0; d < D; ++d)
                std::copy_n(from + (d * n + t) * C, C, to + (t * D + d) * C);
        }
    }

    // Multiplies each row of a field [rows][n][H] with the atoms' gates.
    void apply_gate(int n, const Inputs &inputs, Real *field) const {
        const int size = n * shape_.hidden;
        for (int row = 0; row < shape_.n_rows(); ++row) {
            Real *values = field + static_cast<std::ptrdiff_t>(row) * size;
            for (int i = 0; i < size; i += LANES<Real>)
                store(values + i, load(values + i) * load(inputs.gate.data() + i));
        }
    }

    const GridMatrices<Real> &matrices() const { return matrices_; }

  private:
    static MatrixPart first_layer(const GridShape &shape) {
        return {shape.channels * shape.width, 0, shape.channels, shape.width, shape.width, 1};
    }

    const GridShape &shape_;
    FieldLayer<Real> left_, right_;
    GridMatrices<Real> matrices_;
    PackedMatrix<Real> gate_, scalars_;
    const Real *features_[2];
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
