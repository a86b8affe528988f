// Gradients through a tile of edges with few sources; see edge_messages.hpp.
#pragma once

#include <algorithm>
#include <vector>

#include "edge_forward.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Slots come by source, what is read of them lies anywhere.
template <class Real>
inline void prefetch(const Real *from, int n) {
    for (int i = 0; i < n; i += 64 / static_cast<int>(sizeof(Real))) __builtin_prefetch(from + i);
}

template <class Real>
struct EdgeGradients {
    Real *features, *wigner, *radial, *weight;
};

template <class Real>
class EdgeBackward {
  public:
    EdgeBackward(const EdgeShape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
                 const Real *const *saved, const Real *grad_sums, const EdgeGradients<Real> &grad)
        : shape_(shape),
          in_(in),
          sources_(sources),
          saved_(saved),
          place_(places_by_source(shape.n_slots, sources)),
          grad_sums_(grad_sums),
          grad_(grad),
          tables_(shape),
          layers_(shape, in.layers, true) {}

    void run(const ParallelFor &parallel_for) const {
        std::fill(grad_.features, grad_.features + shape_.n_atoms * shape_.feature_size(), Real(0));
        std::fill(grad_.wigner, grad_.wigner + shape_.n_slots * shape_.wigner_size(), Real(0));
        std::fill(grad_.radial, grad_.radial + shape_.n_slots * shape_.radial_width, Real(0));
        std::fill(grad_.weight, grad_.weight + shape_.n_slots, Real(0));
        for_row_ranges(sources_.n_rows, sources_.atom, parallel_for,
                       [&](std::int64_t first, std::int64_t last) {
                           Scratch scratch(shape_);
                           for (std::int64_t i = first * ROW_WIDTH; i < last * ROW_WIDTH;) {
                               i = fill(scratch, i, last * ROW_WIDTH);
                               compute(scratch);
                           }
                       });
    }

  private:
    struct Scratch {
        explicit Scratch(const EdgeShape &shape)
            : gradient(TILE * shape.width()),
              products(TILE * shape.width()),
              pairs(2 * TILE * shape.width()),
              logits(TILE * shape.lmax * shape.channels),
              mixing(shape.n_rows() * shape.n_feature_rows()),
              mixing_grad(shape.n_rows() * padded(shape.n_feature_rows())),
              transposed(shape.channels * padded(shape.n_feature_rows())),
              row(shape.channels),
              overlap(shape.lmax * shape.channels) {}
        std::vector<Real> gradient, products, pairs, logits, mixing, mixing_grad, transposed, row,
            overlap;
        std::int64_t slot[TILE], atom[TILE];
        int count = 0;
    };

    static int padded(int columns) {
        return (columns + LANES<Real> - 1) / LANES<Real> * LANES<Real>;
    }

    // Takes the next slots that have a weight; returns the place behind them.
    std::int64_t fill(Scratch &s, std::int64_t first, std::int64_t last) const {
        for (s.count = 0; first < last && s.count < TILE; ++first) {
            const std::int64_t slot = sources_.slot[first];
            if (slot == shape_.n_slots - 1 || in_.weight[slot] == 0) continue;
            prefetch(in_.wigner + slot * shape_.wigner_size(), shape_.wigner_size());
            prefetch(in_.radial + slot * shape_.radial_width, shape_.radial_width);
            prefetch(grad_.wigner + slot * shape_.wigner_size(), shape_.wigner_size());
            s.slot[s.count] = slot;
            s.atom[s.count++] = sources_.atom[first / ROW_WIDTH];
        }
        return first;
    }

    void compute(Scratch &s) const {
        const int width = shape_.width();
        for (int t = 0; t < s.count; ++t) rotate_back(s.slot[t], &s.gradient[t * width]);
        for (int i = shape_.n_layers - 1; i >= 0; --i) {
            if (i == shape_.n_layers - 1) {
                layers_.multiply(i, s.count, s.gradient.data(), s.products.data(), false,
                                 s.pairs.data());
                std::swap(s.gradient, s.products);
            } else {
                through_gates(i, s);
                layers_.multiply(i, s.count, s.products.data(), s.gradient.data(), true,
                                 s.pairs.data());
            }
        }
        for (int t = 0; t < s.count; ++t) {
            const Real *gradient = &s.gradient[t * width];
            if (shape_.per_channel) {
                through_scaling(s.slot[t], s.atom[t], gradient, s);
            } else {
                if (t == 0 || s.atom[t] != s.atom[t - 1]) transpose_features(s.atom[t], s);
                through_mixing(s.slot[t], s.atom[t], gradient, s);
            }
        }
    }

    const Real *saved(int layer, int order, std::int64_t slot) const {
        return saved_[layer * shape_.n_orders() + order] + place_[slot] * shape_.order_width(order);
    }

    const Real *saved_row(int layer, const MessageRow &row, std::int64_t slot) const {
        return saved(layer, row.order, slot) + row.within * shape_.channels;
    }

    // From the sum to the message before rotation back; gradients of that rotation and the weight.
    void rotate_back(std::int64_t slot, Real *gradient) const {
        constexpr int n = LANES<Real>;
        const int C = shape_.channels;
        const Real *grad_sum = grad_sums_ + in_.target[slot / ROW_WIDTH] * shape_.sum_size();
        const Real *wigner = in_.wigner + slot * shape_.wigner_size();
        Real *grad_wigner = grad_.wigner + slot * shape_.wigner_size();
        const Real weight = in_.weight[slot];
        Real grad_weight = 0;
        for (const MessageRow &row : tables_.rows) {
            const Real *message = saved_row(shape_.n_layers - 1, row, slot);
            for (int j = 0; j < row.count; ++j) {
                const Real *g = grad_sum + (row.packed + j) * C;
                const Vector<Real> factor = broadcast(wigner[row.wigner + j] * weight);
                Vector<Real> overlap{};
                for (int c = 0; c < C; c += n) {
                    const Vector<Real> value = load(g + c);
                    overlap += value * load(message + c);
                    store(gradient + c,
                          j == 0 ? factor * value : load(gradient + c) + factor * value);
                }
                const Real product = sum<Real>(overlap);
                grad_wigner[row.wigner + j] = product * weight;
                grad_weight += product * wigner[row.wigner + j];
            }
            gradient += C;
        }
        grad_.weight[slot] = grad_weight;
    }

    // s.products: gradients of a layer's products, from those of the gated ones in s.gradient.
    void through_gates(int layer, Scratch &s) const {
        const int C = shape_.channels, width = shape_.width();
        for (int t = 0; t < s.count; ++t) {
            const Real *scalars = saved(layer, 0, s.slot[t]);
            std::copy(scalars, scalars + C, &s.products[t * width]);
        }
        layers_.gate_logits(layer, s.count, s.products.data(), s.logits.data());
        for (int t = 0; t < s.count; ++t) {
            through_gates(layer, s.slot[t], &s.gradient[t * width], &s.logits[t * shape_.lmax * C],
                          s.overlap.data(), &s.products[t * width]);
        }
        layers_.add_gate_gradient(layer, s.count, s.logits.data(), s.products.data());
    }

    // Of one slot; the gradient of the gates' logits goes into their place.
    void through_gates(int layer, std::int64_t slot, const Real *gradient, Real *logits,
                       Real *overlap, Real *result) const {
        constexpr int n = LANES<Real>;
        const int C = shape_.channels, gates = shape_.lmax * C;
        const Real *scalars = saved(layer, 0, slot);
        for (int c = 0; c < C; c += n) {
            const Vector<Real> x = load(scalars + c), share = sigmoid<Real>(x);
            store(result + c, load(gradient + c) * share * (Real(1) + x * (Real(1) - share)));
        }
        for (int c = 0; c < gates; c += n) {
            store(logits + c, sigmoid<Real>(load(logits + c)));
            store(overlap + c, Vector<Real>{});
        }
        for (std::size_t i = 1; i < tables_.rows.size(); ++i) {
            const MessageRow &row = tables_.rows[i];
            const Real *product = saved_row(layer, row, slot);
            const int at = (row.degree - 1) * C, place = static_cast<int>(i) * C;
            for (int c = 0; c < C; c += n) {
                const Vector<Real> value = load(gradient + place + c);
                store(overlap + at + c, load(overlap + at + c) + value * load(product + c));
                store(result + place + c, value * load(logits + at + c));
            }
        }
        for (int c = 0; c < gates; c += n) {
            const Vector<Real> gate = load(logits + c);
            store(logits + c, load(overlap + c) * gate * (Real(1) - gate));
        }
    }

    // [C, P], each row padded to whole vectors.
    void transpose_features(std::int64_t atom, Scratch &s) const {
        const int C = shape_.channels, P = shape_.n_feature_rows(), ld = padded(P);
        const Real *features = in_.features + atom * shape_.feature_size();
        for (int p = 0; p < P; ++p) {
            for (int c = 0; c < C; ++c) s.transposed[c * ld + p] = features[p * C + c];
        }
    }

    // Through the rotation to the edge frame and the radial kernel, in one matrix K (EdgeTables).
    void through_mixing(std::int64_t slot, std::int64_t atom, const Real *gradient,
                        Scratch &s) const {
        const int C = shape_.channels, P = shape_.n_feature_rows(), M = shape_.n_rows(),
                  ld = padded(P);
        const Real *wigner = in_.wigner + slot * shape_.wigner_size(),
                   *radial = in_.radial + slot * shape_.radial_width;
        product(M, ld, C, gradient, C, s.transposed.data(), ld, static_cast<const Real *>(nullptr),
                0, s.mixing_grad.data(), ld);
        Real *grad_wigner = grad_.wigner + slot * shape_.wigner_size(),
             *grad_radial = grad_.radial + slot * shape_.radial_width;
        std::fill(s.mixing.begin(), s.mixing.end(), Real(0));
        for (const MixingBlock &block : tables_.blocks) {
            const Real *from = &s.mixing_grad[block.row * ld + block.column],
                       *w = wigner + block.wigner;
            const Real k = radial[block.entry];
            Real overlap = 0;
            for (int j = 0; j < block.count; ++j) {
                s.mixing[(block.column + j) * M + block.row] = k * w[j];  // transposed
                grad_wigner[block.wigner + j] += k * from[j];
                overlap += w[j] * from[j];
            }
            grad_radial[block.entry] += overlap;
        }
        Real *row = grad_.features + atom * shape_.feature_size();
        product(P, C, M, s.mixing.data(), M, gradient, C, row, C, row, C);
    }

    // Through radial factors of degrees and channels, and the rotation to the edge frame.
    void through_scaling(std::int64_t slot, std::int64_t atom, const Real *gradient,
                         Scratch &s) const {
        constexpr int n = LANES<Real>;
        const int C = shape_.channels;
        const Real *wigner = in_.wigner + slot * shape_.wigner_size(),
                   *radial = in_.radial + slot * shape_.radial_width;
        const Real *features = in_.features + atom * shape_.feature_size();
        Real *grad_wigner = grad_.wigner + slot * shape_.wigner_size(),
             *grad_radial = grad_.radial + slot * shape_.radial_width;
        Real *grad_features = grad_.features + atom * shape_.feature_size();
        for (const MessageRow &row : tables_.rows) {
            const Real *rho = radial + row.degree * C, *x = features + row.packed * C;
            product(1, C, row.count, wigner + row.wigner, row.count, x, C,
                    static_cast<const Real *>(nullptr), 0, s.row.data(), C);
            for (int c = 0; c < C; c += n) {
                Real *to = grad_radial + row.degree * C + c;
                store(to, load(to) + load(gradient + c) * load(&s.row[c]));
                store(&s.row[c], load(gradient + c) * load(rho + c));
            }
            for (int j = 0; j < row.count; ++j) {
                const Vector<Real> factor = broadcast(wigner[row.wigner + j]);
                Real *to = grad_features + (row.packed + j) * C;
                Vector<Real> overlap{};
                for (int c = 0; c < C; c += n) {
                    const Vector<Real> value = load(&s.row[c]);
                    overlap += value * load(x + j * C + c);
                    store(to + c, load(to + c) + factor * value);
                }
                grad_wigner[row.wigner + j] += sum<Real>(overlap);
            }
            gradient += C;
        }
    }

    const EdgeShape &shape_;
    const EdgeTensors<Real> &in_;
    const SourceRows &sources_;
    const Real *const *saved_;
    std::vector<std::int64_t> place_;  // of a slot in ``saved``
    const Real *grad_sums_;
    const EdgeGradients<Real> grad_;
    EdgeTables tables_;
    SO2Layers<Real> layers_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
