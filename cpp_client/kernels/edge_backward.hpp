// Gradients through a tile of edges with few sources; see edge_messages.hpp.
#pragma once

#include <algorithm>
#include <vector>

#include "edge_forward.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Slots come by source, what is read and written of them lies anywhere.
template <class Real>
inline void prefetch(const Real *from, int numbers) {
    const int line = 64 / static_cast<int>(sizeof(Real));
    for (int i = 0; i < numbers; i += line) __builtin_prefetch(from + i);
    __builtin_prefetch(from + numbers - 1);
}

template <class Real>
struct EdgeGradients {
    Real *features, *wigner, *radial, *weight;
};

template <class Real, class Sizes, int CHANNELS>
class EdgeBackward {
    using Shape = BasicEdgeShape<Sizes>;
    using Rotation = EdgeRotation<Real, Sizes, CHANNELS>;
    using Block = typename Rotation::Block;

  public:
    EdgeBackward(const Shape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
                 const Real *const *saved, const Real *grad_sums, const EdgeGradients<Real> &grad)
        : shape_(shape),
          in_(in),
          sources_(sources),
          place_(places_by_source(shape.n_slots, sources)),
          grad_sums_(grad_sums),
          grad_(grad),
          rows_(shape),
          rotation_(shape),
          layers_(any_sizes(shape), in.layers, true) {
        for (int i = 0; i < shape.n_layers; ++i) {
            rows_.for_each([&](auto row) {
                saved_.push_back({saved[i * shape.n_orders() + row.order] +
                                      (row.place - row.of_order) * shape.channels,
                                  row.n_degrees * shape.channels});
            });
        }
    }

    void run(const ParallelFor &parallel_for) const {
        std::fill(grad_.features, grad_.features + shape_.n_atoms * shape_.feature_size(), Real(0));
        clear_left_out();
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
    static constexpr int n = LANES<Real>;
    static constexpr int V = CHANNELS / n;

    struct Scratch {
        explicit Scratch(const Shape &shape)
            : gradient(TILE * shape.width()),
              products(TILE * shape.width()),
              pairs(2 * TILE * shape.width()),
              logits(TILE * shape.lmax * shape.channels),
              grad_wigner(TILE * padded<Real>(shape.wigner_size())),
              rotation(shape) {}
        std::vector<Real> gradient, products, pairs, logits, grad_wigner;
        typename Rotation::Scratch rotation;
        std::int64_t slot[TILE], place[TILE], atom[TILE];
        int count = 0;
    };

    // A row of the messages that a layer saved, for all slots.
    struct SavedRow {
        const Real *first;
        int stride;
    };

    bool takes(std::int64_t slot) const {
        return slot != shape_.n_slots - 1 && in_.weight[slot] != 0;
    }

    // Gradients at slots that no tile comes by.
    void clear_left_out() const {
        std::vector<char> taken(static_cast<std::size_t>(shape_.n_slots), 0);
        for (std::int64_t i = 0; i < sources_.n_rows * ROW_WIDTH; ++i) {
            const std::int64_t slot = sources_.slot[i];
            if (takes(slot)) taken[static_cast<std::size_t>(slot)] = 1;
        }
        const int wigner = shape_.wigner_size(), radial = shape_.radial_width();
        for (std::int64_t slot = 0; slot < shape_.n_slots; ++slot) {
            if (taken[static_cast<std::size_t>(slot)]) continue;
            std::fill_n(grad_.wigner + slot * wigner, wigner, Real(0));
            std::fill_n(grad_.radial + slot * radial, radial, Real(0));
            grad_.weight[slot] = 0;
        }
    }

    // Takes the next slots that have a weight; returns the place behind them.
    std::int64_t fill(Scratch &s, std::int64_t first, std::int64_t last) const {
        for (s.count = 0; first < last && s.count < TILE; ++first) {
            const std::int64_t slot = sources_.slot[first];
            if (!takes(slot)) continue;
            prefetch(in_.wigner + slot * shape_.wigner_size(), shape_.wigner_size());
            prefetch(in_.radial + slot * shape_.radial_width(), shape_.radial_width());
            prefetch(grad_.wigner + slot * shape_.wigner_size(), shape_.wigner_size());
            prefetch(grad_.radial + slot * shape_.radial_width(), shape_.radial_width());
            s.slot[s.count] = slot;
            s.place[s.count] = place_[static_cast<std::size_t>(slot)];
            s.atom[s.count++] = sources_.atom[first / ROW_WIDTH];
        }
        return first;
    }

    void compute(Scratch &s) const {
        const int width = shape_.width(), wigner = padded<Real>(shape_.wigner_size());
        for (int t = 0; t < s.count; ++t) {
            rotate_back(s.slot[t], s.place[t], &s.gradient[t * width], &s.grad_wigner[t * wigner],
                        s);
        }
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
        for (int t = 0; t < s.count; ++t)
            rotate(s.slot[t], s.atom[t], &s.gradient[t * width], &s.grad_wigner[t * wigner], s);
    }

    // Of a slot with this place.
    const Real *saved(int layer, int row, std::int64_t place) const {
        const SavedRow &of = saved_[static_cast<std::size_t>(layer * shape_.n_rows() + row)];
        return of.first + place * of.stride;
    }

    // From the sum to the message before rotation back; gradients of that rotation and the weight.
    void rotate_back(std::int64_t slot, std::int64_t place, Real *gradient, Real *grad_wigner,
                     Scratch &s) const {
        const int C = shape_.channels;
        const Real *grad_sum = grad_sums_ + in_.target[slot / ROW_WIDTH] * shape_.sum_size();
        const Real *wigner = in_.wigner + slot * shape_.wigner_size();
        const Real weight = in_.weight[slot];
        std::vector<Vector<Real>> &products = s.rotation.wigner;
        Vector<Real> grad_weight{};
        for (int c = 0; c < C; c += CHANNELS) {
            rows_.for_each([&](auto row) {
                Block message, sums = {};
                Rotation::get(saved(shape_.n_layers - 1, row.place, place) + c, message);
                const Real *from = grad_sum + row.packed * C + c;
                for (int j = 0; j < row.count; ++j, from += C) {
                    const Vector<Real> product = Rotation::overlap(message, from) * weight;
                    Vector<Real> &total = products[row.wigner + j];
                    total = c == 0 ? product : total + product;
                    Rotation::add(wigner[row.wigner + j], from, sums);
                }
                for (int i = 0; i < V; ++i) {
                    grad_weight += sums[i] * message[i];
                    sums[i] *= weight;
                }
                Rotation::put(sums, gradient + row.place * C + c);
            });
        }
        grad_.weight[slot] = sum(grad_weight);
        std::fill_n(grad_wigner, products.size(), Real(0));
        Rotation::add_sums(products, grad_wigner);
    }

    // s.products: gradients of a layer's products, from those of the gated ones in s.gradient.
    void through_gates(int layer, Scratch &s) const {
        const int C = shape_.channels, width = shape_.width();
        for (int t = 0; t < s.count; ++t) {
            const Real *scalars = saved(layer, 0, s.place[t]);
            std::copy(scalars, scalars + C, &s.products[t * width]);
        }
        layers_.gate_logits(layer, s.count, s.products.data(), s.logits.data());
        for (int t = 0; t < s.count; ++t) {
            through_gates(layer, s.place[t], &s.gradient[t * width], &s.logits[t * shape_.lmax * C],
                          &s.products[t * width]);
        }
        layers_.add_gate_gradient(layer, s.count, s.logits.data(), s.products.data());
    }

    // Of one slot; the gradient of the gates' logits goes into their place.
    void through_gates(int layer, std::int64_t place, const Real *gradient, Real *logits,
                       Real *result) const {
        const int C = shape_.channels;
        for (int c = 0; c < C; c += n) {  // the scalars' products are in ``result``
            const Vector<Real> x = load(result + c), share = sigmoid<Real>(x);
            store(result + c, load(gradient + c) * share * (Real(1) + x * (Real(1) - share)));
        }
        for (int l = 1; l <= shape_.lmax; ++l, logits += C) {
            for (int c = 0; c < C; c += CHANNELS) {
                Block gates, overlaps = {};
                for (int i = 0; i < V; ++i) gates[i] = sigmoid<Real>(load(logits + c + i * n));
                rows_.for_each_of_degree(l, [&](auto row) {
                    const Real *product = saved(layer, row.place, place) + c;
                    const int at = row.place * C + c;
                    for (int i = 0; i < V; ++i) {
                        const Vector<Real> value = load(gradient + at + i * n);
                        overlaps[i] += value * load(product + i * n);
                        store(result + at + i * n, value * gates[i]);
                    }
                });
                for (int i = 0; i < V; ++i)
                    store(logits + c + i * n, overlaps[i] * gates[i] * (Real(1) - gates[i]));
            }
        }
    }

    // Through radial features and the rotation to the edge frame.
    void rotate(std::int64_t slot, std::int64_t atom, const Real *gradient, Real *grad_wigner,
                Scratch &s) const {
        const std::int64_t features = atom * shape_.feature_size(),
                           radial = slot * shape_.radial_width(),
                           wigner = slot * shape_.wigner_size();
        rotation_.back(in_.features + features, in_.wigner + wigner, in_.radial + radial, gradient,
                       grad_.features + features, grad_wigner, grad_.radial + radial, s.rotation);
        std::copy_n(grad_wigner, shape_.wigner_size(), grad_.wigner + wigner);
    }

    const Shape &shape_;
    const EdgeTensors<Real> &in_;
    const SourceRows &sources_;
    std::vector<SavedRow> saved_;      // by layer and row of a message
    std::vector<std::int64_t> place_;  // of a slot in ``saved_``
    const Real *grad_sums_;
    const EdgeGradients<Real> grad_;
    EdgeRows<Sizes> rows_;
    Rotation rotation_;
    SO2Layers<Real> layers_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
