// Gradients through a grid unit of a block of atoms; see grid_unit.hpp.
#pragma once

#include "grid_block.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
class GridBackward {
  public:
    // ``saved``: of GridForward. ``gradients``: one for each input.
    GridBackward(const GridShape &shape, const GridTensors<Real> &in, const Real *const *saved,
                 const Real *grad, Real *const *gradients)
        : shape_(shape),
          blocks_(shape, in),
          back_(half_matrices(shape, in, true)),
          gate_(in.gate, shape.hidden, 2 * shape.hidden, true),
          saved_(saved),
          grad_(grad),
          gradients_{gradients[0], gradients[shape.n_inputs - 1]} {
        const int C = shape.channels, H = shape.hidden, P = shape.width;
        second_.emplace_back(shape, in.second, MatrixPart{H * C, 0, C, H, 1, C});
        for (int start = 0; start < P; start += PANEL<Real>) {
            const MatrixPart part{C * P, start, panel_width<Real>(P, start), C, 1, P};
            left_.emplace_back(shape, in.left, part);
            right_.emplace_back(shape, in.right, part);
        }
        if (in.scalars != nullptr) scalars_ = PackedMatrix<Real>(in.scalars, 2 * H, C, true);
        if (in.mixing != nullptr) mixing_.emplace_back(in.mixing, H, P, true);
    }

    void run(const ParallelFor &parallel_for) const { blocks_.run(*this, parallel_for); }

  private:
    using Blocks = GridBlocks<Real>;
    using Block = typename Blocks::Block;
    friend Blocks;

    // A block of n atoms.
    void compute(std::int64_t first, int n) const {
        const int C = shape_.channels, H = shape_.hidden, rows = shape_.n_rows();
        const std::ptrdiff_t n_features = Blocks::feature_size(shape_);
        Scratch<Real> memory(Block::size(shape_) + Blocks::field_size(shape_) +
                             Blocks::panel_size(shape_) + Blocks::value_size(shape_) +
                             3 * Blocks::gate_size(shape_) + shape_.n_inputs * n_features);
        const Block block(shape_, memory);
        Real *field = memory.take(Blocks::field_size(shape_));
        Real *mixed = memory.take(Blocks::panel_size(shape_));
        Real *values = memory.take(Blocks::value_size(shape_));
        Real *gates = memory.take(3 * Blocks::gate_size(shape_));
        Real *results = memory.take(shape_.n_inputs * n_features);
        blocks_.prepare(first, n, block);
        blocks_.rows_first(n, grad_ + first * shape_.n_packed() * C, results);
        for (int start = 0; start < H; start += PANEL<Real>)
            second_[0].to_field(start, n, results, C, field + start, H);
        Real *result[2] = {results, results + (shape_.n_inputs - 1) * n_features};
        std::fill_n(results, shape_.n_inputs * n_features, Real(0));
        through_scalars(first, n, block, field, gates, result);
        blocks_.apply_gate(n, block, field);
        for (int start = 0; start < shape_.width; start += PANEL<Real>) {
            const int width = panel_width<Real>(shape_.width, start);
            const Real *product = field + start;
            int ld = H;
            if (!mixing_.empty()) {
                mixing_[0].multiply_panel(start, rows * n, field, H, nullptr, 0, mixed, width);
                product = mixed;
                ld = width;
            }
            blocks_.make_fields(start, n, block);
            for (int t = 0; t < n; ++t) {
                blocks_.make_values(t, n, width, block);
                blocks_.to_values(back_, width, product + t * ld, n * ld, block.product);
                through_product(t, n, width, block.right_values, block, values, block.left);
                through_product(t, n, width, block.left_values, block, values, block.right);
            }
            left_[start / PANEL<Real>].from_field(n, block.left, width, true, result[0], C);
            right_[start / PANEL<Real>].from_field(n, block.right, width, true, result[1], C);
        }
        for (int i = 0; i < shape_.n_inputs; ++i)
            blocks_.atoms_first(n, result[i], gradients_[i] + first * shape_.n_packed() * C);
    }

    // To the field of the t-th atom from the gradient of its product with ``other``.
    void through_product(int t, int n, int width, const Real *other, const Block &block,
                         Real *values, Real *field) const {
        at_points<Real, MultipliedBack>(shape_, width, block.product, other, values);
        blocks_.from_values(back_, width, values, field + t * width, n * width);
    }

    // From the gradient of the gated field to that of the features by way of s and t. ``logits``:
    // memory for 3 [n][H].
    void through_scalars(std::int64_t first, int n, const Block &block, const Real *field,
                         Real *logits, Real *const *result) const {
        const int C = shape_.channels, H = shape_.hidden, size = n * H;
        Real *gradient = logits + size;
        std::fill_n(logits, size, Real(0));
        const Real *gradients = field;
        for (int k = 0; k <= shape_.kmax; ++k) {
            const std::ptrdiff_t rows = shape_.rows_of(k);
            const Real *saved = saved_[k] + first * rows * H;
            for (std::ptrdiff_t row = 0; row < rows; ++row, gradients += size, saved += size) {
                for (int i = 0; i < size; i += LANES<Real>)
                    store(logits + i, load(logits + i) + load(gradients + i) * load(saved + i));
            }
        }
        for (int i = 0; i < size; i += LANES<Real>) {
            const Vector<Real> gate = load(block.gate + i);
            store(logits + i, load(logits + i) * gate * (Real(1) - gate));
        }
        gate_.multiply(n, logits, H, nullptr, 0, gradient, 2 * H);
        for (int t = 0; t < n; ++t) {
            const Real *s = block.scalars + 2 * t * H, *g = field + t * H;
            Real *to = gradient + 2 * t * H;
            for (int c = 0; c < H; c += LANES<Real>) {
                const Vector<Real> x = load(s + c), share = sigmoid<Real>(x), path = load(g + c);
                store(to + c, load(to + c) + path * load(s + H + c) * share *
                                                 (Real(1) + x * (Real(1) - share)));
                store(to + H + c, load(to + H + c) + path * x * share);
            }
        }
        if (shape_.n_inputs == 1) {
            scalars_.multiply(n, gradient, 2 * H, nullptr, 0, result[0], C);
        } else {
            for (int t = 0; t < n; ++t) {
                std::copy_n(gradient + 2 * t * H, C, result[0] + t * C);
                std::copy_n(gradient + (2 * t + 1) * H, C, result[1] + t * C);
            }
        }
    }

    const GridShape &shape_;
    GridBlocks<Real> blocks_;
    std::vector<HalfMatrix<Real>> back_;
    PackedMatrix<Real> gate_, scalars_;
    std::vector<FieldLayer<Real>> second_, left_, right_;  // the last two of each panel
    std::vector<PackedMatrix<Real>> mixing_;               // none or one
    const Real *const *saved_;
    const Real *grad_;
    Real *gradients_[2];
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
