// The edge stage as operators of ONNX Runtime.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels.hpp"
#include "onnxruntime_call.hpp"

namespace sezm::kernels {

inline SourceRows source_rows(Inputs &inputs) {
    Shape slots;
    SourceRows sources{};
    sources.slot = inputs.take<std::int64_t>(&slots);
    sources.atom = inputs.take<std::int64_t>();
    sources.n_rows = slots.at(0) / ROW_WIDTH;
    return sources;
}

// From features [A, P, C], wigner [S, 2 M + 1, D] and radial [S, K].
inline EdgeShape edge_shape(const Shape &features, const Shape &wigner, const Shape &radial,
                            bool per_channel) {
    EdgeShape shape;
    shape.n_atoms = features.at(0);
    shape.n_slots = wigner.at(0);
    shape.mmax = static_cast<int>(wigner.at(1) - 1) / 2;
    shape.lmax = static_cast<int>(std::lround(std::sqrt(static_cast<double>(wigner.at(2))))) - 1;
    shape.channels = static_cast<int>(features.at(2));
    shape.rank = static_cast<int>(features.at(1) / wigner.at(2));
    shape.radial_width = static_cast<int>(radial.at(1));
    shape.per_channel = per_channel;
    return shape;
}

// ``n`` tensors: per layer one of order 0, three per m, and a gate in all but the last.
inline int layers_in(std::size_t n, int mmax) {
    return static_cast<int>((n + 1) / (2 + 3 * static_cast<std::size_t>(mmax)));
}

template <class Real>
std::vector<const Real *> rest(Inputs &inputs, std::size_t end) {
    std::vector<const Real *> tensors;
    while (inputs.next < end) tensors.push_back(inputs.take<Real>());
    return tensors;
}

template <class Real>
struct ForwardKernel {
    bool per_channel;

    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        Shape features, wigner, radial;
        EdgeTensors<Real> in{};
        in.source = inputs.take<std::int64_t>();
        in.target = inputs.take<std::int64_t>();
        const SourceRows sources = source_rows(inputs);
        in.features = inputs.take<Real>(&features);
        in.wigner = inputs.take<Real>(&wigner);
        in.radial = inputs.take<Real>(&radial);
        in.weight = inputs.take<Real>();
        EdgeShape shape = edge_shape(features, wigner, radial, per_channel);
        const std::vector<const Real *> layers = rest<Real>(inputs, inputs.context.GetInputCount());
        shape.n_layers = layers_in(layers.size(), shape.mmax);
        in.layers = layers.data();

        Ort::KernelContext &context = inputs.context;
        Real *sums = context.GetOutput(0, Shape{shape.n_atoms, shape.n_packed(), shape.channels})
                         .template GetTensorMutableData<Real>();
        // Null where nothing asks for it, as in graphs without a way back.
        std::vector<Real *> saved;
        for (int i = 0; i < shape.n_layers * shape.n_orders(); ++i) {
            auto output =
                context.GetOutput(static_cast<std::size_t>(i) + 1,
                                  Shape{shape.n_slots, shape.order_width(i % shape.n_orders())});
            saved.push_back(output ? output.template GetTensorMutableData<Real>() : nullptr);
        }
        kernels<Real>().edges(shape, in, sources, sums, saved.data(), parallel_for(raw));
    }
};

template <class Real>
struct BackwardKernel {
    bool per_channel;

    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        Shape features, wigner, radial;
        EdgeTensors<Real> in{};
        in.source = inputs.take<std::int64_t>();
        in.target = inputs.take<std::int64_t>();
        const SourceRows sources = source_rows(inputs);
        const Real *grad_sums = inputs.take<Real>();
        in.features = inputs.take<Real>(&features);
        in.wigner = inputs.take<Real>(&wigner);
        in.radial = inputs.take<Real>(&radial);
        in.weight = inputs.take<Real>();
        EdgeShape shape = edge_shape(features, wigner, radial, per_channel);
        const std::size_t n = inputs.context.GetInputCount(),
                          orders = static_cast<std::size_t>(shape.n_orders());
        const std::size_t per_layer = orders + 2 + 3 * static_cast<std::size_t>(shape.mmax);
        shape.n_layers = static_cast<int>((n - inputs.next + 1) / per_layer);
        const std::vector<const Real *> saved =
            rest<Real>(inputs, inputs.next + orders * static_cast<std::size_t>(shape.n_layers));
        const std::vector<const Real *> layers = rest<Real>(inputs, n);
        in.layers = layers.data();

        Ort::KernelContext &context = inputs.context;
        const auto output = [&](std::size_t i, const Shape &size) {
            return context.GetOutput(i, size).template GetTensorMutableData<Real>();
        };
        Real *grad_features = output(0, features);
        Real *grad_wigner = output(1, wigner), *grad_radial = output(2, radial);
        Real *grad_weight = output(3, {shape.n_slots, 1});
        kernels<Real>().edges_back(shape, in, sources, saved.data(), grad_sums, grad_features,
                                   grad_wigner, grad_radial, grad_weight, parallel_for(raw));
    }
};

// ``n_indices`` inputs of int64, then any number of reals; all outputs are reals.
template <class Real, template <class> class Kernel, std::size_t N_INDICES>
struct EdgeOp : Ort::CustomOpBase<EdgeOp<Real, Kernel, N_INDICES>, Kernel<Real>> {
    std::string name;

    EdgeOp(const char *kind, int lmax, int mmax)
        : name(std::string(kind) + "_" + std::to_string(lmax) + "_" + std::to_string(mmax)) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *info) const {
        return new Kernel<Real>{
            Ort::ConstKernelInfo(info).GetAttribute<std::int64_t>("per_channel") != 0};
    }
    const char *GetName() const { return name.c_str(); }
    const char *GetExecutionProviderType() const { return "CPUExecutionProvider"; }
    std::size_t GetInputTypeCount() const { return N_INDICES + 1; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        return i < N_INDICES ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 : REAL<Real>;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t i) const {
        return i < N_INDICES ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    }
    std::size_t GetOutputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetOutputType(std::size_t) const { return REAL<Real>; }
    OrtCustomOpInputOutputCharacteristic GetOutputCharacteristic(std::size_t) const {
        return INPUT_OUTPUT_VARIADIC;
    }
    bool GetVariadicInputHomogeneity() const { return true; }
    bool GetVariadicOutputHomogeneity() const { return true; }
};

template <class Real>
using ForwardOp = EdgeOp<Real, ForwardKernel, 4>;
template <class Real>
using BackwardOp = EdgeOp<Real, BackwardKernel, 4>;

}  // namespace sezm::kernels
