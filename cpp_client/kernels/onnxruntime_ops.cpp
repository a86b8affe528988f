// The edge stage as operators of ONNX Runtime: RegisterCustomOps is what
// SessionOptions.register_custom_ops_library looks for.
//
// Files hold both operators as functions of stock operators (export/FORMAT.md, "Functions"), which
// ONNX Runtime expands where this library is not registered.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "edge_messages.hpp"

namespace sezm::kernels {
namespace {

constexpr std::uint32_t API_VERSION = 17;  // the first with KernelContext_ParallelFor
constexpr int HIGHEST_DEGREE = 8;          // of the names that are registered

using Shape = std::vector<std::int64_t>;

Shape shape_of(const Ort::ConstValue &tensor) {
    return tensor.GetTensorTypeAndShapeInfo().GetShape();
}

// Inputs behind the indices, in order.
struct Inputs {
    Ort::KernelContext context;
    std::size_t next = 0;

    template <class T>
    const T *take(Shape *shape = nullptr) {
        const Ort::ConstValue tensor = context.GetInput(next++);
        if (shape) *shape = shape_of(tensor);
        return tensor.GetTensorData<T>();
    }
};

SourceRows source_rows(Inputs &inputs) {
    Shape slots;
    SourceRows sources{};
    sources.slot = inputs.take<std::int64_t>(&slots);
    sources.atom = inputs.take<std::int64_t>();
    sources.n_rows = slots.at(0) / ROW_WIDTH;
    return sources;
}

ParallelFor parallel_for(OrtKernelContext *context) {
    return [context](std::int64_t n, const std::function<void(std::int64_t)> &work) {
        if (n == 0) return;
        Ort::ThrowOnError(Ort::GetApi().KernelContext_ParallelFor(
            context,
            [](void *data, std::size_t i) {
                (*static_cast<const std::function<void(std::int64_t)> *>(data))(
                    static_cast<std::int64_t>(i));
            },
            static_cast<std::size_t>(n), 0, const_cast<void *>(static_cast<const void *>(&work))));
    };
}

// From features [A, P, C], wigner [S, 2 M + 1, D] and radial [S, K].
EdgeShape edge_shape(const Shape &features, const Shape &wigner, const Shape &radial,
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
int layers_in(std::size_t n, int mmax) {
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
        edge_kernels<Real>().forward(shape, in, sources, sums, saved.data(), parallel_for(raw));
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
        edge_kernels<Real>().backward(shape, in, sources, saved.data(), grad_sums, grad_features,
                                      grad_wigner, grad_radial, grad_weight, parallel_for(raw));
    }
};

// ``n_indices`` inputs of int64, then any number of reals; all outputs are reals.
template <class Real, template <class> class Kernel, std::size_t N_INDICES>
struct EdgeOp : Ort::CustomOpBase<EdgeOp<Real, Kernel, N_INDICES>, Kernel<Real>> {
    std::string name;

    EdgeOp(const char *kind, int lmax, int mmax)
        : name(std::string(kind) + "_" + std::to_string(lmax) + "_" + std::to_string(mmax)) {}

    static constexpr ONNXTensorElementDataType REAL = std::is_same_v<Real, float>
                                                          ? ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT
                                                          : ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE;

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *info) const {
        return new Kernel<Real>{
            Ort::ConstKernelInfo(info).GetAttribute<std::int64_t>("per_channel") != 0};
    }
    const char *GetName() const { return name.c_str(); }
    const char *GetExecutionProviderType() const { return "CPUExecutionProvider"; }
    std::size_t GetInputTypeCount() const { return N_INDICES + 1; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        return i < N_INDICES ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 : REAL;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t i) const {
        return i < N_INDICES ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    }
    std::size_t GetOutputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetOutputType(std::size_t) const { return REAL; }
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

// All operators; they must live as long as any session.
struct Operators {
    std::vector<std::unique_ptr<ForwardOp<float>>> forward;
    std::vector<std::unique_ptr<ForwardOp<double>>> forward_double;
    std::vector<std::unique_ptr<BackwardOp<float>>> backward;
    std::vector<std::unique_ptr<BackwardOp<double>>> backward_double;
    Ort::CustomOpDomain domain{"sezm"};

    Operators() {
        for (int lmax = 1; lmax <= HIGHEST_DEGREE; ++lmax) {
            for (int mmax = 0; mmax <= lmax; ++mmax) {
                add(forward, "EdgeMessages", lmax, mmax);
                add(forward_double, "EdgeMessages", lmax, mmax);
                add(backward, "EdgeMessagesGrad", lmax, mmax);
                add(backward_double, "EdgeMessagesGrad", lmax, mmax);
            }
        }
    }

  private:
    template <class Op>
    void add(std::vector<std::unique_ptr<Op>> &ops, const char *kind, int lmax, int mmax) {
        ops.push_back(std::make_unique<Op>(kind, lmax, mmax));
        domain.Add(ops.back().get());
    }
};

}  // namespace
}  // namespace sezm::kernels

extern "C" __attribute__((visibility("default"))) OrtStatus *RegisterCustomOps(
    OrtSessionOptions *options, const OrtApiBase *base) {
    const OrtApi *api = base->GetApi(sezm::kernels::API_VERSION);
    if (api == nullptr) {
        return base->GetApi(1)->CreateStatus(ORT_FAIL,
                                             "libsezm_kernels needs ONNX Runtime 1.17 or newer");
    }
    Ort::InitApi(api);
    try {
        static const sezm::kernels::Operators operators;
        Ort::ThrowOnError(api->AddCustomOpDomain(options, operators.domain));
    } catch (const std::exception &error) {
        return api->CreateStatus(ORT_FAIL, error.what());
    }
    return nullptr;
}
