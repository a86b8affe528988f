// The linear layers that mix a message in the frame of its edge (sezm.md 3.6, 5.2-6).
#pragma once

#include <algorithm>
#include <vector>

#include "edge_shape.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// The weights of all layers, packed; transposed for the way back.
//
// A pair of orders -m, +m takes three real products:  k = (x_- + x_+) U,
// y_- = k + x_+ A,  y_+ = k + x_- B; on the way back A and B change places.
template <class Real>
class SO2Layers {
  public:
    // ``weights``: of each layer that of order 0, U, A, B of each m, and the gate of all but the
    // last.
    SO2Layers(const EdgeShape &shape, const Real *const *weights, bool transposed) : shape_(shape) {
        const int C = shape.channels;
        for (int i = 0; i < shape.n_layers; ++i) {
            const int zero = shape.degrees_of(0) * C;
            layers_.emplace_back();
            layers_.back().matrices.emplace_back(*weights++, zero, zero, transposed);
            for (int m = 1; m <= shape.mmax; ++m) {
                const int size = shape.degrees_of(m) * C;
                const Real *triple[] = {weights[0], weights[1], weights[2]};
                if (transposed) std::swap(triple[1], triple[2]);
                for (const Real *matrix : triple)
                    layers_.back().matrices.emplace_back(matrix, size, size, transposed);
                weights += 3;
            }
            if (i + 1 < shape.n_layers) {
                layers_.back().gate = PackedMatrix<Real>(*weights, C, shape.lmax * C, false);
                if (transposed)
                    layers_.back().gate_back =
                        PackedMatrix<Real>(*weights, shape.lmax * C, C, true);
                ++weights;
            }
        }
    }

    // Messages [n, width] through a layer; ``add``: to what is in ``out``. ``scratch`` holds 2
    // messages.
    void multiply(int layer, int n, const Real *in, Real *out, bool add, Real *scratch) const {
        const int C = shape_.channels, width = shape_.width();
        const std::vector<PackedMatrix<Real>> &matrices = layers_[layer].matrices;
        matrices[0].multiply(n, in, width, add ? out : nullptr, width, out, width);
        for (int m = 1; m <= shape_.mmax; ++m) {
            const int size = shape_.degrees_of(m) * C;
            const int minus = shape_.first_row(2 * m - 1) * C, plus = minus + size;
            Real *both = scratch, *k = scratch + static_cast<std::ptrdiff_t>(n) * size;
            for (int t = 0; t < n; ++t) {
                const Real *message = in + static_cast<std::ptrdiff_t>(t) * width;
                for (int c = 0; c < size; ++c)
                    both[t * size + c] = message[minus + c] + message[plus + c];
            }
            matrices[3 * m - 2].multiply(n, both, size, nullptr, 0, k, size);
            const Real *start = k;
            if (add) {
                for (int t = 0; t < n; ++t) {
                    Real *message = out + static_cast<std::ptrdiff_t>(t) * width;
                    for (int c = 0; c < size; ++c) {
                        message[minus + c] += k[t * size + c];
                        message[plus + c] += k[t * size + c];
                    }
                }
            }
            const int ld = add ? width : size;
            matrices[3 * m - 1].multiply(n, in + plus, width, add ? out + minus : start, ld,
                                         out + minus, width);
            matrices[3 * m].multiply(n, in + minus, width, add ? out + plus : start, ld, out + plus,
                                     width);
        }
    }

    // Gates [n, L C] of a layer's messages [n, width], before the sigmoid.
    void gate_logits(int layer, int n, const Real *messages, Real *logits) const {
        const int columns = shape_.lmax * shape_.channels;
        layers_[layer].gate.multiply(n, messages, shape_.width(), nullptr, 0, logits, columns);
    }

    // Adds to the l = 0 row of messages the gradient that reaches it through the gates' logits.
    void add_gate_gradient(int layer, int n, const Real *logits, Real *messages) const {
        const int columns = shape_.lmax * shape_.channels, width = shape_.width();
        layers_[layer].gate_back.multiply(n, logits, columns, messages, width, messages, width);
    }

  private:
    struct Layer {
        std::vector<PackedMatrix<Real>> matrices;  // of order 0; U, A, B of each m
        PackedMatrix<Real> gate, gate_back;
    };

    EdgeShape shape_;
    std::vector<Layer> layers_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
