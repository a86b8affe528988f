// A grid unit of a block of atoms; see grid_unit.hpp.
#pragma once

#include "grid_block.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
class GridForward {
  public:
    // ``saved``: of each k, in blocks of atoms, the field behind the mixing; or null.
    GridForward(const GridShape &shape, const GridTensors<Real> &in, Real *y, Real *const *saved)
        : shape_(shape),
          blocks_(shape, in),
          second_(
              shape, in.second,
              {shape.hidden * shape.channels, 0, shape.hidden, shape.channels, shape.channels, 1}),
          y_(y),
          saved_(saved) {
        if (in.mixing == nullptr) return;
        for (int start = 0; start < shape.width; start += PANEL<Real>) {
            mixing_.emplace_back(in.mixing + static_cast<std::ptrdiff_t>(start) * shape.hidden,
                                 panel_width<Real>(shape.width, start), shape.hidden, false);
        }
    }

    void run(const ParallelFor &parallel_for) const { blocks_.run(*this, parallel_for); }

  private:
    using Blocks = GridBlocks<Real>;
    using Block = typename Blocks::Block;
    friend Blocks;

    // A block of n atoms.
    void compute(std::int64_t first, int n) const {
        const int H = shape_.hidden, C = shape_.channels, rows = shape_.n_rows();
        Scratch<Real> memory(Block::size(shape_) + Blocks::field_size(shape_) +
                             Blocks::panel_size(shape_));
        const Block block(shape_, memory);
        Real *field = memory.take(Blocks::field_size(shape_));
        Real *mixed = memory.take(Blocks::panel_size(shape_));
        blocks_.prepare(first, n, block);
        for (int start = 0; start < shape_.width; start += PANEL<Real>) {
            const int width = panel_width<Real>(shape_.width, start);
            blocks_.make_fields(start, n, block);
            Real *to = mixing_.empty() ? field + start : mixed;
            const int ld = mixing_.empty() ? H : width;
            for (int t = 0; t < n; ++t) {
                blocks_.make_values(t, n, width, block);
                at_points<Real, Multiplied>(shape_, width, block.left_values, block.right_values,
                                            block.product);
                blocks_.from_values(blocks_.matrices(), width, block.product, to + t * ld, n * ld);
            }
            if (!mixing_.empty()) {
                mixing_[start / PANEL<Real>].multiply(rows * n, mixed, width,
                                                      start > 0 ? field : nullptr, H, field, H);
            }
        }
        for (int k = 0; k <= shape_.kmax; ++k) {
            const std::ptrdiff_t per_atom = static_cast<std::ptrdiff_t>(shape_.rows_of(k)) * H;
            const Real *from = field + static_cast<std::ptrdiff_t>(shape_.first_row(k)) * n * H;
            if (saved_[k] != nullptr) std::copy_n(from, n * per_atom, saved_[k] + first * per_atom);
        }
        blocks_.apply_gate(n, block, field);
        add_scalar_path(n, block, field);
        Real *y = block.features[0];  // no longer needed
        second_.from_field(n, field, H, false, y, C);
        blocks_.atoms_first(n, y, y_ + first * shape_.n_packed() * C);
    }

    // silu(s) t, to l = 0 and k = 0.
    void add_scalar_path(int n, const Block &block, Real *field) const {
        const int H = shape_.hidden;
        for (int t = 0; t < n; ++t) {
            const Real *scalars = block.scalars + 2 * t * H;
            for (int c = 0; c < H; c += LANES<Real>) {
                const Vector<Real> s = load(scalars + c);
                Real *to = field + t * H + c;
                store(to, load(to) + s * sigmoid<Real>(s) * load(scalars + H + c));
            }
        }
    }

    const GridShape &shape_;
    GridBlocks<Real> blocks_;
    FieldLayer<Real> second_;
    std::vector<PackedMatrix<Real>> mixing_;  // rows of each panel
    Real *y_, *const *saved_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
