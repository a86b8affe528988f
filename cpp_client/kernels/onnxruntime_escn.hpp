// The messages of an eSCN layer as an operator of ONNX Runtime.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "escn_shape.hpp"
#include "kernels.hpp"
#include "onnxruntime_call.hpp"

namespace sezm::kernels {

// Inputs of EscnMessages, checked.
template <class Real>
struct EscnInputs {
    Inputs inputs;
    EscnShape shape;
    EscnTensors<Real> in{};
    std::vector<EscnWeights<Real>> weights;  // of source, then target, by order

    EscnInputs(OrtKernelContext *raw, int degree, int lmax, int mmax)
        : inputs{Ort::KernelContext(raw)} {
        const Shape features = inputs.shape(2), edges = inputs.shape(3), grid = inputs.shape(6),
                    hidden = inputs.shape(9);
        require(features.size() == 3 && edges.size() == 2 && grid.size() == 2 && hidden.size() == 1,
                "a rank is wrong");
        shape.n_atoms = features[0], shape.n_edges = edges[0];
        shape.lmax = lmax, shape.mmax = mmax, shape.degree = degree;
        require(features[2] <= LARGEST && edges[1] <= LARGEST && grid[0] <= LARGEST &&
                    hidden[0] <= LARGEST,
                "an axis is too long");
        shape.channels = static_cast<int>(features[2]);
        shape.edge_channels = static_cast<int>(edges[1]);
        shape.points = static_cast<int>(grid[0]);
        shape.hidden = static_cast<int>(hidden[0]);
        require(shape.channels > 0 && shape.channels % 16 == 0 && shape.hidden > 0 &&
                    shape.hidden % 16 == 0 && shape.edge_channels > 0 && shape.points > 0,
                "channels are no multiple of 16");
        const std::int64_t A = shape.n_atoms, E = shape.n_edges, C = shape.channels,
                           F = shape.n_rows(), P = shape.points;
        in.source = atoms();
        in.target = atoms();
        in.features = inputs.take<Real>({A, shape.n_feature_rows(), C});
        in.edge_features = inputs.take<Real>({E, shape.edge_channels});
        in.wigner = inputs.take<Real>({E, F, shape.n_packed()});
        in.weight = inputs.take<Real>({E});
        in.to_grid = inputs.take<Real>({P, shape.n_message_rows()});
        in.from_grid = inputs.take<Real>({F, P});
        for (int end = 0; end < 2; ++end) take_weights();
        for (int end = 0; end < 2; ++end) in.ends[end] = &weights[end * shape.n_orders()];
        require(inputs.next == inputs.context.GetInputCount(), "the number of matrices is wrong");
    }

  private:
    static constexpr std::int64_t LARGEST = 100'000;

    const std::int64_t *atoms() {
        const auto *numbers = inputs.take<std::int64_t>({shape.n_edges});
        require_inside(numbers, shape.n_edges, shape.n_atoms);
        return numbers;
    }

    void take_weights() {
        for (int m = 0; m < shape.n_orders(); ++m) {
            const std::int64_t H = shape.hidden, width = shape.degrees_of(m) * shape.channels;
            const int n = shape.signs(m);
            EscnWeights<Real> of_order{};
            of_order.steering = inputs.take<Real>({n * H, shape.edge_channels});
            of_order.bias = inputs.take<Real>({n * H});
            for (int part = 0; part < n; ++part)
                of_order.first[part] = inputs.take<Real>({H, width});
            for (int part = 0; part < n; ++part)
                of_order.last[part] = inputs.take<Real>({width, H});
            weights.push_back(of_order);
        }
    }
};

template <class Real>
struct EscnKernel {
    int degree, lmax, mmax;

    void Compute(OrtKernelContext *raw) const {
        EscnInputs<Real> given(raw, degree, lmax, mmax);
        const EscnShape &shape = given.shape;
        require(given.inputs.context.GetOutputCount() == 1, "an output is missing");
        Real *sums = given.inputs.context
                         .GetOutput(0, Shape{shape.n_atoms, shape.n_packed(), shape.channels})
                         .template GetTensorMutableData<Real>();
        const Workspace workspace(given.inputs.context, sizeof(Real) * shape.workspace());
        kernels<Real>().escn(shape, given.in, static_cast<Real *>(workspace.get()), sums,
                             parallel_for(raw));
    }
};

// Sources and targets of edges, then any number of reals.
template <class Real>
struct EscnOp : Ort::CustomOpBase<EscnOp<Real>, EscnKernel<Real>> {
    int degree, lmax, mmax;
    std::string name;

    EscnOp(int degree, int lmax, int mmax)
        : degree(degree),
          lmax(lmax),
          mmax(mmax),
          name("EscnMessages_" + std::to_string(degree) + "_" + std::to_string(lmax) + "_" +
               std::to_string(mmax)) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const {
        return new EscnKernel<Real>{degree, lmax, mmax};
    }
    const char *GetName() const { return name.c_str(); }
    const char *GetExecutionProviderType() const { return "CPUExecutionProvider"; }
    std::size_t GetInputTypeCount() const { return 3; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        return i < 2 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 : REAL<Real>;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t i) const {
        return i < 2 ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    }
    std::size_t GetOutputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetOutputType(std::size_t) const { return REAL<Real>; }
    bool GetVariadicInputHomogeneity() const { return true; }
};

}  // namespace sezm::kernels
