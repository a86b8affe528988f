// What both directions of a grid unit do with a block of atoms; see grid_unit.hpp.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "grid_tables.hpp"
#include "grid_values.hpp"
#include "parallel_for.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Memory of one block, taken piece by piece and given back as a whole. One allocation, since the
// allocator would hand several of these sizes to the system and fetch them again for each block.
template <class Real>
class Scratch {
  public:
    explicit Scratch(std::ptrdiff_t size) : numbers_(new Real[size]), next_(numbers_.get()) {}
    Real *take(std::ptrdiff_t size) {
        Real *taken = next_;
        next_ += size;
        return taken;
    }

  private:
    std::unique_ptr<Real[]> numbers_;
    Real *next_;
};

constexpr std::ptrdiff_t FIELD_BYTES = 1 << 18;  // of a block, so that it stays in the cache

template <class Real>
class GridBlocks {
  public:
    GridBlocks(const GridShape &shape, const GridTensors<Real> &in)
        : shape_(shape),
          left_(shape, in.left, first_layer(shape)),
          right_(shape, in.right, first_layer(shape)),
          matrices_(half_matrices(shape, in, false)),
          gate_(in.gate, 2 * shape.hidden, shape.hidden, false),
          features_{in.features[0], in.features[1]} {
        if (in.scalars != nullptr)
            scalars_ = PackedMatrix<Real>(in.scalars, shape.channels, 2 * shape.hidden, false);
    }

    // What is made of a block of atoms, in the memory of one.
    struct Block {
        Block(const GridShape &shape, Scratch<Real> &memory)
            : features{memory.take(feature_size(shape)), nullptr},
              scalars(memory.take(2 * gate_size(shape))),
              gate(memory.take(gate_size(shape))),
              left(memory.take(panel_size(shape))),
              right(memory.take(panel_size(shape))),
              left_values(memory.take(value_size(shape))),
              right_values(memory.take(value_size(shape))),
              product(memory.take(value_size(shape))) {
            features[1] = shape.n_inputs == 2 ? memory.take(feature_size(shape)) : features[0];
        }
        // Numbers that the constructor takes.
        static std::ptrdiff_t size(const GridShape &shape) {
            return shape.n_inputs * feature_size(shape) + 3 * gate_size(shape) +
                   2 * panel_size(shape) + 3 * value_size(shape);
        }

        Real *features[2];                           // x, z: [D][n][C]
        Real *scalars, *gate;                        // s, t: [n][2 H]; [n][H]
        Real *left, *right;                          // a panel of the fields: [rows][n][width]
        Real *left_values, *right_values, *product;  // of one atom: [values][width]
    };

    static std::ptrdiff_t feature_size(const GridShape &shape) {
        return static_cast<std::ptrdiff_t>(shape.n_packed()) * most_atoms(shape) * shape.channels;
    }
    static std::ptrdiff_t gate_size(const GridShape &shape) {
        return static_cast<std::ptrdiff_t>(most_atoms(shape)) * shape.hidden;
    }
    static std::ptrdiff_t panel_size(const GridShape &shape) {
        return static_cast<std::ptrdiff_t>(shape.n_rows()) * most_atoms(shape) * PANEL<Real>;
    }
    static std::ptrdiff_t value_size(const GridShape &shape) {
        return static_cast<std::ptrdiff_t>(shape.n_values()) * PANEL<Real>;
    }
    static std::ptrdiff_t field_size(const GridShape &shape) {
        return static_cast<std::ptrdiff_t>(shape.n_rows()) * gate_size(shape);
    }

    static int most_atoms(const GridShape &shape) {
        const auto bytes = static_cast<std::ptrdiff_t>(sizeof(Real)) * shape.n_rows() *
                           std::max(shape.hidden, shape.width);
        return 2 * MAX_ROWS * bytes <= FIELD_BYTES ? 2 * MAX_ROWS : MAX_ROWS;
    }

    // Lets one direction compute all atoms, block by block.
    template <class Direction>
    void run(const Direction &direction, const ParallelFor &parallel_for) const {
        const int size = most_atoms(shape_);
        parallel_for((shape_.n_atoms + size - 1) / size, [&](std::int64_t i) {
            const std::int64_t first = i * size, left = shape_.n_atoms - first;
            direction.compute(first, static_cast<int>(std::min<std::int64_t>(size, left)));
        });
    }

    // Features, scalars and gate of n atoms.
    void prepare(std::int64_t first, int n, const Block &block) const {
        const int C = shape_.channels, H = shape_.hidden;
        for (int i = 0; i < shape_.n_inputs; ++i)
            rows_first(n, features_[i] + first * shape_.n_packed() * C, block.features[i]);
        Real *scalars = block.scalars, *gate = block.gate;
        if (shape_.n_inputs == 1) {
            scalars_.multiply(n, block.features[0], C, nullptr, 0, scalars, 2 * H);
        } else {
            for (int t = 0; t < n; ++t) {
                std::copy_n(block.features[0] + t * C, C, scalars + 2 * t * H);
                std::copy_n(block.features[1] + t * C, C, scalars + (2 * t + 1) * H);
            }
        }
        gate_.multiply(n, scalars, 2 * H, nullptr, 0, gate, H);
        for (int i = 0; i < n * H; i += LANES<Real>) store(gate + i, sigmoid<Real>(load(gate + i)));
    }

    // A panel of both fields of n atoms, from channel ``start`` on.
    void make_fields(int start, int n, const Block &block) const {
        const int C = shape_.channels, width = panel_width<Real>(shape_.width, start);
        left_.to_field(start, n, block.features[0], C, block.left, width);
        right_.to_field(start, n, block.features[1], C, block.right, width);
    }

    // The values of both fields of the t-th atom.
    void make_values(int t, int n, int width, const Block &block) const {
        to_values(matrices_, width, block.left + t * width, n * width, block.left_values);
        to_values(matrices_, width, block.right + t * width, n * width, block.right_values);
    }

    // A field of one atom, rows so far apart, to values [values][width].
    static void to_values(const std::vector<HalfMatrix<Real>> &matrices, int width,
                          const Real *field, int ld, Real *values) {
        for (const HalfMatrix<Real> &m : matrices) {
            product(m.n_values, width, m.n_rows, m.to_grid.data(), m.n_rows,
                    field + m.first_row * ld, ld, static_cast<const Real *>(nullptr), 0,
                    values + m.first_value * width, width);
        }
    }

    // The reverse.
    static void from_values(const std::vector<HalfMatrix<Real>> &matrices, int width,
                            const Real *values, Real *field, int ld) {
        for (const HalfMatrix<Real> &m : matrices) {
            product(m.n_rows, width, m.n_values, m.from_grid.data(), m.n_values,
                    values + m.first_value * width, width, static_cast<const Real *>(nullptr), 0,
                    field + m.first_row * ld, ld);
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
    void apply_gate(int n, const Block &block, Real *field) const {
        const int size = n * shape_.hidden;
        for (int row = 0; row < shape_.n_rows(); ++row) {
            Real *values = field + static_cast<std::ptrdiff_t>(row) * size;
            for (int i = 0; i < size; i += LANES<Real>)
                store(values + i, load(values + i) * load(block.gate + i));
        }
    }

    const std::vector<HalfMatrix<Real>> &matrices() const { return matrices_; }

  private:
    static MatrixPart first_layer(const GridShape &shape) {
        return {shape.channels * shape.width, 0, shape.channels, shape.width, shape.width, 1};
    }

    const GridShape &shape_;
    FieldLayer<Real> left_, right_;
    std::vector<HalfMatrix<Real>> matrices_;
    PackedMatrix<Real> gate_, scalars_;
    const Real *features_[2];
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
