// Messages of a tile of edges and their sums; see edge_messages.hpp.
#pragma once

#include <algorithm>
#include <vector>

#include "edge_messages.hpp"
#include "edge_shape.hpp"
#include "edge_tables.hpp"
#include "parallel_for.hpp"
#include "row_ranges.hpp"
#include "so2_layers.hpp"
#include "source_order.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr int TILE = 60;  // edges: what is computed on them stays in the cache of one core

template <class Real>
class EdgeForward {
  public:
    EdgeForward(const EdgeShape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
                Real *sums, Real *const *saved)
        : shape_(shape),
          in_(in),
          sums_(sums),
          saved_(saved),
          place_(places_by_source(shape.n_slots, sources)),
          tables_(shape),
          layers_(shape, in.layers, false) {}

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
    struct Scratch {
        explicit Scratch(const EdgeShape &shape)
            : messages(TILE * shape.width()),
              products(TILE * shape.width()),
              pairs(2 * TILE * shape.width()),
              logits(TILE * shape.lmax * shape.channels),
              mixing(shape.n_rows() * shape.n_feature_rows()) {}
        std::vector<Real> messages, products, pairs, logits, mixing;
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
        for (int t = 0; t < s.count; ++t)
            rotate(s.slot[t], &s.messages[t * shape_.width()], s.mixing.data());
        for (int i = 0; i < shape_.n_layers; ++i) {
            layers_.multiply(i, s.count, s.messages.data(), s.products.data(), false,
                             s.pairs.data());
            save(i, s);
            if (i + 1 < shape_.n_layers) add_gated(i, s);
        }
        for (int t = 0; t < s.count; ++t) add_to_sums(s.slot[t], &s.products[t * shape_.width()]);
    }

    // Features of the source in the frame of the edge, radially modulated.
    void rotate(std::int64_t slot, Real *message, Real *mixing) const {
        const int C = shape_.channels, P = shape_.n_feature_rows();
        const Real *features = in_.features + in_.source[slot] * shape_.feature_size();
        const Real *wigner = in_.wigner + slot * shape_.wigner_size();
        const Real *radial = in_.radial + slot * shape_.radial_width;
        if (shape_.per_channel) {
            for (const MessageRow &row : tables_.rows) {
                product(1, C, row.count, wigner + row.wigner, row.count, features + row.packed * C,
                        C, static_cast<const Real *>(nullptr), 0, message, C);
                const Real *rho = radial + row.degree * C;
                for (int c = 0; c < C; ++c) message[c] *= rho[c];
                message += C;
            }
            return;
        }
        std::fill(mixing, mixing + shape_.n_rows() * P, Real(0));
        for (const MixingBlock &block : tables_.blocks) {
            Real *to = mixing + block.row * P + block.column;
            for (int j = 0; j < block.count; ++j)
                to[j] = radial[block.entry] * wigner[block.wigner + j];
        }
        product(shape_.n_rows(), C, P, mixing, P, features, C, static_cast<const Real *>(nullptr),
                0, message, C);
    }

    void save(int layer, const Scratch &s) const {
        for (int o = 0; o < shape_.n_orders(); ++o) {
            Real *saved = saved_[layer * shape_.n_orders() + o];
            if (saved == nullptr) continue;
            const int width = shape_.order_width(o);
            const Real *from = &s.products[shape_.first_row(o) * shape_.channels];
            for (int t = 0; t < s.count; ++t, from += shape_.width()) {
                copy_past_cache(from, width, saved + place_[s.slot[t]] * width);
            }
        }
    }

    // Residual: silu of the l = 0 row, gates on all others.
    void add_gated(int layer, Scratch &s) const {
        constexpr int n = LANES<Real>;
        const int C = shape_.channels, width = shape_.width(), gates = shape_.lmax * C;
        layers_.gate_logits(layer, s.count, s.products.data(), s.logits.data());
        for (int t = 0; t < s.count; ++t) {
            Real *message = &s.messages[t * width], *logits = &s.logits[t * gates];
            const Real *product = &s.products[t * width];
            for (int c = 0; c < gates; c += n) store(logits + c, sigmoid<Real>(load(logits + c)));
            for (int c = 0; c < C; c += n) {
                const Vector<Real> x = load(product + c);
                store(message + c, load(message + c) + x * sigmoid<Real>(x));
            }
            for (std::size_t row = 1; row < tables_.rows.size(); ++row) {
                const Real *gate = logits + (tables_.rows[row].degree - 1) * C;
                const int at = static_cast<int>(row) * C;
                for (int c = 0; c < C; c += n) {
                    store(message + at + c,
                          load(message + at + c) + load(product + at + c) * load(gate + c));
                }
            }
        }
    }

    // Rotated back.
    void add_to_sums(std::int64_t slot, const Real *message) const {
        constexpr int n = LANES<Real>;
        const int C = shape_.channels;
        const Real *wigner = in_.wigner + slot * shape_.wigner_size();
        Real *sums = sums_ + in_.target[slot / ROW_WIDTH] * shape_.sum_size();
        for (const MessageRow &row : tables_.rows) {
            for (int j = 0; j < row.count; ++j) {
                const Vector<Real> factor = broadcast(wigner[row.wigner + j] * in_.weight[slot]);
                Real *to = sums + (row.packed + j) * C;
                for (int c = 0; c < C; c += n)
                    store(to + c, load(to + c) + factor * load(message + c));
            }
            message += C;
        }
    }

    const EdgeShape &shape_;
    const EdgeTensors<Real> &in_;
    Real *sums_;
    Real *const *saved_;
    std::vector<std::int64_t> place_;  // of a slot in ``saved``
    EdgeTables tables_;
    SO2Layers<Real> layers_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
