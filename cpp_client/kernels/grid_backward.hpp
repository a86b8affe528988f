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
          back_(shape, in, true),
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

    void run(const ParallelFor &parallel_for) const {
        GridBlocks<Real>::for_blocks(shape_, parallel_for,
                                     [&](std::int64_t first, int n) { compute(first, n); });
    }

  private:
    using Inputs = typename GridBlocks<Real>::Inputs;

    void compute(std::int64_t first, int n) const {
        const int C = shape_.channels, H = shape_.hidden, rows = shape_.n_rows();
        Inputs inputs(shape_);
        typename GridBlocks<Real>::Panels panels(shape_);
        const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(rows) * n * H;
        const std::ptrdiff_t n_features = static_cast<std::ptrdiff_t>(shape_.n_packed()) * n * C;
        const Buffer<Real> field(size), mixed(rows * n * PANEL<Real>),
            values(shape_.n_values() * PANEL<Real>), results(2 * n_features);
        blocks_.prepare(first, n, inputs);
        blocks_.rows_first(n, grad_ + first * shape_.n_packed() * C, results.data());
        for (int start = 0; start < H; start += PANEL<Real>)
            second_[0].to_field(start, n, results.data(), C, field.data() + start, H);
        Real *result[2] = {results.data(), results.data() + (shape_.n_inputs - 1) * n_features};
        std::fill_n(results.data(), shape_.n_inputs * n_features, Real(0));
        through_scalars(first, n, inputs, field.data(), result);
        blocks_.apply_gate(n, inputs, field.data());
        for (int start = 0; start < shape_.width; start += PANEL<Real>) {
            const int width = panel_width<Real>(shape_.width, start);
            const Real *product = field.data() + start;
            int ld = H;
            if (!mixing_.empty()) {
                mixing_[0].multiply_panel(start, rows * n, field.data(), H, nullptr, 0,
                                          mixed.data(), width);
                product = mixed.data();
                ld = width;
            }
            blocks_.make_fields(start, n, inputs, panels);
            for (int t = 0; t < n; ++t) {
                blocks_.make_values(t, n, width, panels);
                blocks_.to_values(back_.from_grid, width, product + t * ld, n * ld,
                                  panels.product.data());
                through_product(t, n, width, panels.right_values, panels, values, panels.left);
                through_product(t, n, width, panels.left_values, panels, values, panels.right);
            }
            left_[start / PANEL<Real>].from_field(n, panels.left.data(), width, true, result[0], C);
            right_[start / PANEL<Real>].from_field(n, panels.right.data(), width, true, result[1],
                                                   C);
        }
        for (int i = 0; i < shape_.n_inputs; ++i)
            blocks_.atoms_first(n, result[i], gradients_[i] + first * shape_.n_packed() * C);
    }

    // To the field of the t-th atom whose product with ``other`` panels.product has the gradient of.
    void through_product(int t, int n, int width, const Buffer<Real> &other,
                         const typename GridBlocks<Real>::Panels &panels,
                         const Buffer<Real> &values, const Buffer<Real> &field) const {
        multiply_values_back(shape_, width, panels.product.data(), other.data(), values.data());
        blocks_.from_values(back_.to_grid, width, values.data(), field.data() + t * width,
                            n * width);
    }

    // From the gradient of the gated field to that of the features by way of s and t.
    void through_scalars(std::int64_t first, int n, const Inputs &inputs, const Real *field,
                         Real *const *result) const {
        const int C = shape_.channels, H = shape_.hidden, size = n * H;
        const Buffer<Real> logits(size), gradient(2 * size);
        for (int i = 0; i < size; i += LANES<Real>) {
            Vector<Real> overlap{};
            for (int k = 0; k <= shape_.kmax; ++k) {
                const std::ptrdiff_t rows = shape_.rows_of(k), begin = shape_.first_row(k);
                const Real *saved = saved_[k] + first * rows * H + i;
                for (std::ptrdiff_t row = 0; row < rows; ++row)
                    overlap += load(field + (begin + row) * size + i) * load(saved + row * size);
            }
            const Vector<Real> gate = load(inputs.gate.data() + i);
            store(logits.data() + i, overlap * gate * (Real(1) - gate));
        }
        gate_.multiply(n, logits.data(), H, nullptr, 0, gradient.data(), 2 * H);
        for (int t = 0; t < n; ++t) {
            const Real *s = inputs.scalars.data() + 2 * t * H, *g = field + t * H;
            Real *to = gradient.data() + 2 * t * H;
            for (int c = 0; c < H; c += LANES<Real>) {
                const Vector<Real> x = load(s + c), share = sigmoid<Real>(x), path = load(g + c);
                store(to + c, load(to + c) + path * load(s + H + c) * share *
                                                 (Real(1) + x * (Real(1) - share)));
                store(to + H + c, load(to + H + c) + path * x * share);
            }
        }
        if (shape_.n_inputs == 1) {
            scalars_.multiply(n, gradient.data(), 2 * H, nullptr, 0, result[0], C);
        } else {
            for (int t = 0; t < n; ++t) {
                std::copy_n(gradient.data() + 2 * t * H, C, result[0] + t * C);
                std::copy_n(gradient.data() + (2 * t + 1) * H, C, result[1] + t * C);
            }
        }
    }

    const GridShape &shape_;
    GridBlocks<Real> blocks_;
    GridMatrices<Real> back_;
    PackedMatrix<Real> gate_, scalars_;
    std::vector<FieldLayer<Real>> second_, left_, right_;  // the last two of each panel
    std::vector<PackedMatrix<Real>> mixing_;               // none or one
    const Real *const *saved_;
    const Real *grad_;
    Real *gradients_[2];
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
