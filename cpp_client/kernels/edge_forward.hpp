// Messages of a tile of edges and their sums; see edge_messages.hpp.
#pragma once

#include <algorithm>
#include <vector>

#include "edge_messages.hpp"
#include "edge_rotation.hpp"
#include "edge_shape.hpp"
#include "edge_tables.hpp"
#include "parallel_for.hpp"
#include "row_ranges.hpp"
#include "so2_layers.hpp"
#include "source_order.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr int TILE = 60;  // edges: what is computed on them stays in the cache of one core

template <class Real, class Sizes, int CHANNELS>
class EdgeForward {
    using Shape = BasicEdgeShape<Sizes>;
    using Rotation = EdgeRotation<Real, Sizes, CHANNELS>;
    using Block = typename Rotation::Block;

  public:
    EdgeForward(const Shape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
                Real *sums, Real *const *saved)
        : shape_(shape),
          in_(in),
          sums_(sums),
          saved_(saved),
          place_(places_by_source(shape.n_slots, sources)),
          rows_(shape),
          rotation_(shape),
          layers_(any_sizes(shape), in.layers, false) {}

    void run(const ParallelFor &parallel_for) const {
        std::fill(sums_, sums_ + shape_.n_atoms * shape_.sum_size(), Real(0));
        for_row_ranges(shape_.n_rows_of_slots(), in_.target, parallel_for,
                       [&](std::int64_t first, std::int64_t last) {
                           Scratch scratch(shape_);
                           for (std::int64_t slot = first * ROW_WIDTH; slot < last * ROW_WIDTH;) {
                               slot = scratch.fill(in_.weight, slot, last * ROW_WIDTH);
                               compute(scratch);
                           }
                           finish_copies();
                       });
    }

  private:
    static constexpr int n = LANES<Real>;

    struct Scratch {
        explicit Scratch(const Shape &shape)
            : messages(TILE * shape.width()),
              products(TILE * shape.width()),
              pairs(2 * TILE * shape.width()),
              logits(TILE * shape.lmax * shape.channels),
              rotation(shape) {}
        std::vector<Real> messages, products, pairs, logits;
        typename Rotation::Scratch rotation;
        std::int64_t slot[TILE];
        int count = 0;

        // Takes the next slots that have a weight; returns the one behind them.
        std::int64_t fill(const Real *weight, std::int64_t first, std::int64_t last) {
            for (count = 0; first < last && count < TILE; ++first) {
                if (weight[first] != 0) slot[count++] = first;
            }
            return first;
        }
    };

    void compute(Scratch &s) const {
        const int width = shape_.width();
        for (int t = 0; t < s.count; ++t) {
            const std::int64_t slot = s.slot[t];
            rotation_.forward(in_.features + in_.source[slot] * shape_.feature_size(),
                              in_.wigner + slot * shape_.wigner_size(),
                              in_.radial + slot * shape_.radial_width(), &s.messages[t * width],
                              s.rotation);
        }
        for (int i = 0; i < shape_.n_layers; ++i) {
            layers_.multiply(i, s.count, s.messages.data(), s.products.data(), false,
                             s.pairs.data());
            save(i, s);
            if (i + 1 < shape_.n_layers) add_gated(i, s);
        }
        for (int t = 0; t < s.count; ++t) add_to_sums(s.slot[t], &s.products[t * width]);
    }

    void save(int layer, const Scratch &s) const {
        const int width = shape_.width();
        for (int o = 0; o < shape_.n_orders(); ++o) {
            Real *saved = saved_[layer * shape_.n_orders() + o];
            if (saved == nullptr) continue;
            const int order_width = shape_.order_width(o);
            const Real *from = &s.products[shape_.first_row(o) * shape_.channels];
            for (int t = 0; t < s.count; ++t, from += width) {
                copy_past_cache(from, order_width, saved + place_[s.slot[t]] * order_width);
            }
        }
    }

    // Residual: silu of the l = 0 row, gates on all others.
    void add_gated(int layer, Scratch &s) const {
        const int C = shape_.channels, width = shape_.width(), gates = shape_.lmax * C;
        layers_.gate_logits(layer, s.count, s.products.data(), s.logits.data());
        for (int t = 0; t < s.count; ++t) {
            Real *message = &s.messages[t * width];
            const Real *product = &s.products[t * width], *logits = &s.logits[t * gates];
            for (int c = 0; c < C; c += n) {
                const Vector<Real> x = load(product + c);
                store(message + c, load(message + c) + x * sigmoid<Real>(x));
            }
            for (int l = 1; l <= shape_.lmax; ++l, logits += C) {
                for (int c = 0; c < C; c += n) {
                    const Vector<Real> gate = sigmoid<Real>(load(logits + c));
                    rows_.for_each_of_degree(l, [&](auto row) {
                        const int at = row.place * C + c;
                        store(message + at, load(message + at) + load(product + at) * gate);
                    });
                }
            }
        }
    }

    // Rotated back.
    void add_to_sums(std::int64_t slot, const Real *message) const {
        const int C = shape_.channels;
        const Real *wigner = in_.wigner + slot * shape_.wigner_size();
        const Real weight = in_.weight[slot];
        Real *sums = sums_ + in_.target[slot / ROW_WIDTH] * shape_.sum_size();
        rows_.for_each([&](auto row) {
            for (int c = 0; c < C; c += CHANNELS) {
                Block values;
                Rotation::get(message + row.place * C + c, values);
                Real *to = sums + row.packed * C + c;
                for (int j = 0; j < row.count; ++j, to += C) {
                    const Vector<Real> factor = broadcast(wigner[row.wigner + j] * weight);
                    for (int i = 0; i < CHANNELS / n; ++i)
                        store(to + i * n, load(to + i * n) + factor * values[i]);
                }
            }
        });
    }

    const Shape &shape_;
    const EdgeTensors<Real> &in_;
    Real *sums_;
    Real *const *saved_;
    std::vector<std::int64_t> place_;  // of a slot in ``saved``
    EdgeRows<Sizes> rows_;
    Rotation rotation_;
    SO2Layers<Real> layers_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
