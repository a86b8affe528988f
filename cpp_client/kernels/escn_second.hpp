// From hidden layers of both ends of edges to their messages: steering and last linear maps.
#pragma once

#include <vector>

#include "escn_first.hpp"
#include "escn_shape.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
class EscnSecond {
  public:
    struct Scratch {
        // Of ``tile`` edges.
        Scratch(const EscnShape &shape, int tile)
            : factors(static_cast<std::size_t>(tile) * 2 * shape.hidden),
              steered(static_cast<std::size_t>(tile) * 2 * shape.hidden) {}
        std::vector<Real> factors, steered;
    };

    // Of the shape only what weights tell is read.
    EscnSecond(const EscnShape &shape, const EscnWeights<Real> &weights) : shape_(shape) {
        const int C = shape.channels, H = shape.hidden;
        for (const EscnOrder<Real> *end : weights.ends) {
            for (int m = 0; m < shape.n_orders(); ++m) {
                const int n = shape.signs(m);
                layers_.push_back({{end[m].steering, shape.edge_channels, n * H, true},
                                   {end[m].bias, end[m].bias + n * H},
                                   {}});
                for (int part = 0; part < n; ++part)
                    layers_.back().last.emplace_back(end[m].last[part], H, shape.degrees_of(m) * C,
                                                     true);
            }
        }
    }

    // Messages of ``n`` edges, [n, signs, degrees, C] of order ``m``. ``hidden``: of both ends,
    // where the layers of each edge are.
    void write(int m, int n, const Real *edge_features, const Real *const *const *hidden,
               Scratch &s, Real *out) const {
        const int H = shape_.hidden, signs = shape_.signs(m);
        const int width = shape_.degrees_of(m) * shape_.channels;
        const Real *start = nullptr;
        for (int end = 0; end < 2; ++end) {
            const Layer &layer = layers_[end * shape_.n_orders() + m];
            layer.steering.multiply(n, edge_features, shape_.edge_channels, nullptr, 0,
                                    s.factors.data(), signs * H);
            activate(layer.bias.data(), n, signs * H, s.factors.data());
            for (int part = 0; part < signs; ++part) {
                steer(signs, part, n, hidden[end], s);
                layer.last[part].multiply(n * signs, s.steered.data(), H, start, width, out, width);
                start = out;
            }
        }
    }

  private:
    struct Layer {
        PackedMatrix<Real> steering;
        std::vector<Real> bias;
        std::vector<PackedMatrix<Real>> last;  // of each part
    };

    static void activate(const Real *bias, int n, int width, Real *factors) {
        for (int t = 0; t < n; ++t, factors += width) {
            for (int i = 0; i < width; i += LANES<Real>) {
                const Vector<Real> x = load(factors + i) + load(bias + i);
                store(factors + i, x * sigmoid<Real>(x));
            }
        }
    }

    // [n, signs, H]: what gives +m, and -m: f_r(+) - f_i(-), f_r(-) + f_i(+).
    void steer(int signs, int part, int n, const Real *const *hidden, Scratch &s) const {
        const int H = shape_.hidden;
        Real *to = s.steered.data();
        for (int t = 0; t < n; ++t) {
            const Real *factors = &s.factors[static_cast<std::size_t>(t * signs + part) * H];
            for (int sign = 0; sign < signs; ++sign, to += H) {
                const Real *from = hidden[t] + ((part ? 1 - sign : sign) * signs + part) * H;
                const Real by = part == 1 && sign == 0 ? Real(-1) : Real(1);
                for (int h = 0; h < H; h += LANES<Real>)
                    store(to + h, load(from + h) * load(factors + h) * by);
            }
        }
    }

    EscnShape shape_;
    std::vector<Layer> layers_;  // of source, then target, by order
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
