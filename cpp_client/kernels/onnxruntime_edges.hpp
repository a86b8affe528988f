// The edge stage as operators of ONNX Runtime.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

// So that products of sizes stay within an int.
constexpr std::int64_t MOST_CHANNELS = 1 << 14, MOST_BASES = 1 << 10;

// Of inputs that start at ``first``: features [A, r D, C], wigner [S, 2 M + 1, D], radial [S, Z].
inline EdgeShape edge_shape(const Inputs &inputs, std::size_t first, bool per_channel) {
    const Shape features = inputs.shape(first), wigner = inputs.shape(first + 1),
                radial = inputs.shape(first + 2);
    require(features.size() == 3 && wigner.size() == 3 && radial.size() == 2, "a rank is wrong");
    EdgeShape shape;
    shape.n_atoms = features[0];
    shape.n_slots = wigner[0];
    shape.mmax = static_cast<int>(wigner[1] - 1) / 2;
    shape.lmax = static_cast<int>(std::lround(std::sqrt(static_cast<double>(wigner[2])))) - 1;
    require(shape.lmax <= HIGHEST_DEGREE, "degrees are beyond those that kernels know");
    require(shape.lmax >= 0 && shape.mmax >= 0 && shape.mmax <= shape.lmax, "degrees are wrong");
    require(wigner[1] == shape.n_orders() && wigner[2] == shape.n_packed(), "degrees are wrong");
    require(features[2] < MOST_CHANNELS && features[1] / wigner[2] < MOST_BASES,
            "there are too many channels");
    shape.channels = static_cast<int>(features[2]);
    shape.rank = static_cast<int>(features[1] / wigner[2]);
    require(shape.channels > 0 && shape.channels % CHANNEL_UNIT == 0,
            "channels are no multiple of 16");
    require(shape.rank > 0 && features[1] == shape.n_feature_rows(), "the rank is wrong");
    require(shape.n_slots > 0 && shape.n_slots % ROW_WIDTH == 0, "slots are no multiple of 4");
    shape.per_channel = per_channel;
    require(radial[1] == shape.radial_width() && (!per_channel || shape.rank == 1),
            "radial features are wrong");
    return shape;
}

constexpr std::size_t N_INDICES = 4;  // source, target, source_slot, source_atom

// The indices, checked, and the tensors behind them up to the weights.
template <class Real>
struct EdgeInputs {
    Inputs inputs;
    EdgeShape shape;
    EdgeTensors<Real> in{};
    SourceRows sources{};
    const Real *grad_sums = nullptr;
    std::vector<const Real *> saved, layers;

    EdgeInputs(OrtKernelContext *raw, bool per_channel, bool back)
        : inputs{Ort::KernelContext(raw)},
          shape(edge_shape(inputs, N_INDICES + (back ? 1 : 0), per_channel)) {
        const std::int64_t S = shape.n_slots, A = shape.n_atoms, R = S / ROW_WIDTH;
        const std::int64_t D = shape.n_packed(), C = shape.channels;
        const Shape rows = inputs.shape(3);
        require(rows.size() == 1, "a rank is wrong");
        sources.n_rows = rows[0];
        in.source = index({S}, A);
        in.target = index({R}, A);
        sources.slot = index({ROW_WIDTH * sources.n_rows}, S);
        sources.atom = index({sources.n_rows}, A);
        require(std::count_if(sources.slot, sources.slot + ROW_WIDTH * sources.n_rows,
                              [=](std::int64_t slot) { return slot != S - 1; }) <= S,
                "a slot has two sources");
        if (back) grad_sums = inputs.take<Real>({A, D, C});
        in.features = inputs.take<Real>({A, shape.n_feature_rows(), C});
        in.wigner = inputs.take<Real>({S, shape.n_orders(), D});
        in.radial = inputs.take<Real>({S, shape.radial_width()});
        in.weight = inputs.take<Real>({S, 1});
        // Of each layer: one matrix of order 0, three of each m, and a gate in all but the last.
        const std::size_t left = inputs.context.GetInputCount() - inputs.next;
        const int per_layer = 2 + 3 * shape.mmax + (back ? shape.n_orders() : 0);
        shape.n_layers = (static_cast<int>(left) + 1) / per_layer;
        require(shape.n_layers > 0 && static_cast<int>(left) == shape.n_layers * per_layer - 1,
                "the number of matrices is wrong");
        for (int i = 0; back && i < shape.n_layers * shape.n_orders(); ++i) {
            saved.push_back(inputs.take<Real>({S, shape.order_width(i % shape.n_orders())}));
        }
        for (int i = 0; i < shape.n_layers; ++i) take_layer(i + 1 == shape.n_layers);
        in.layers = layers.data();
    }

  private:
    const std::int64_t *index(const Shape &expected, std::int64_t length) {
        const auto *numbers = inputs.take<std::int64_t>(expected);
        require_inside(numbers, expected[0], length);
        return numbers;
    }

    void take_layer(bool is_last) {
        const std::int64_t C = shape.channels;
        for (int m = 0; m <= shape.mmax; ++m) {
            const std::int64_t size = shape.degrees_of(m) * C;
            for (int i = 0; i < (m == 0 ? 1 : 3); ++i) {
                layers.push_back(inputs.take<Real>({size, size}));
            }
        }
        if (!is_last) layers.push_back(inputs.take<Real>({C, shape.lmax * C}));
    }
};

template <class Real>
struct ForwardKernel {
    bool per_channel;

    void Compute(OrtKernelContext *raw) const {
        EdgeInputs<Real> given(raw, per_channel, false);
        const EdgeShape &shape = given.shape;
        const auto n_saved = static_cast<std::size_t>(shape.n_layers * shape.n_orders());
        Outputs outputs(given.inputs.context, 1 + n_saved);
        Real *sums = outputs.make<Real>(0, {shape.n_atoms, shape.n_packed(), shape.channels});
        std::vector<Real *> saved;
        for (std::size_t i = 0; i < n_saved; ++i) {
            const int order = static_cast<int>(i) % shape.n_orders();
            saved.push_back(
                outputs.make_if_read<Real>(1 + i, {shape.n_slots, shape.order_width(order)}));
        }
        kernels<Real>().edges(shape, given.in, given.sources, sums, saved.data(),
                              parallel_for(raw));
    }
};

template <class Real>
struct BackwardKernel {
    bool per_channel;

    void Compute(OrtKernelContext *raw) const {
        EdgeInputs<Real> given(raw, per_channel, true);
        const EdgeShape &shape = given.shape;
        Outputs outputs(given.inputs.context, 4);
        Real *grad_features =
            outputs.make<Real>(0, {shape.n_atoms, shape.n_feature_rows(), shape.channels});
        Real *grad_wigner =
            outputs.make<Real>(1, {shape.n_slots, shape.n_orders(), shape.n_packed()});
        Real *grad_radial = outputs.make<Real>(2, {shape.n_slots, shape.radial_width()});
        Real *grad_weight = outputs.make<Real>(3, {shape.n_slots, 1});
        kernels<Real>().edges_back(shape, given.in, given.sources, given.saved.data(),
                                   given.grad_sums, grad_features, grad_wigner, grad_radial,
                                   grad_weight, parallel_for(raw));
    }
};

// The indices, then any number of reals; all outputs are reals.
template <class Real, template <class> class Kernel>
struct EdgeOp : CpuOp<EdgeOp<Real, Kernel>, Kernel<Real>, Real> {
    EdgeOp(const char *kind, int lmax, int mmax)
        : EdgeOp::CpuOp(std::string(kind) + "_" + std::to_string(lmax) + "_" + std::to_string(mmax),
                        N_INDICES) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *info) const {
        return new Kernel<Real>{
            Ort::ConstKernelInfo(info).GetAttribute<std::int64_t>("per_channel") != 0};
    }
};

template <class Real>
using ForwardOp = EdgeOp<Real, ForwardKernel>;
template <class Real>
using BackwardOp = EdgeOp<Real, BackwardKernel>;

}  // namespace sezm::kernels
