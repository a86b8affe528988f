// The messages of an eSCN layer as an operator of ONNX Runtime.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "escn_shape.hpp"
#include "kernels.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

// The weights, which are the last inputs of EscnMessages, checked.
template <class Real>
struct EscnWeightInputs {
    std::vector<EscnOrder<Real>> orders;  // of source, then target

    // ``tensor(i)``: the i-th input.
    template <class Tensor>
    EscnWeightInputs(const EscnShape &shape, std::size_t count, const Tensor &tensor) {
        std::size_t next = FIRST;
        const auto take = [&](const Shape &expected) {
            require(next < count, "an input is missing");
            const Ort::ConstValue value = tensor(next++);
            require(shape_of(value) == expected, "shapes of inputs do not fit together");
            return value.template GetTensorData<Real>();
        };
        for (int i = 0; i < 2 * shape.n_orders(); ++i) {
            const int m = i % shape.n_orders(), n = shape.signs(m);
            const std::int64_t H = shape.hidden, width = shape.degrees_of(m) * shape.channels;
            EscnOrder<Real> order{};
            order.steering = take({n * H, shape.edge_channels});
            order.bias = take({n * H});
            for (int part = 0; part < n; ++part) order.first[part] = take({H, width});
            for (int part = 0; part < n; ++part) order.last[part] = take({width, H});
            orders.push_back(order);
        }
        require(next == count, "the number of matrices is wrong");
    }

    // Widths of the layer from its first weights, of m = 0: [H, X], [H], [H, (L+1) C].
    template <class Tensor>
    static void read_widths(EscnShape &shape, std::size_t count, const Tensor &tensor) {
        require(count > FIRST + 2, "an input is missing");
        const Shape steering = shape_of(tensor(FIRST)), first = shape_of(tensor(FIRST + 2));
        require(steering.size() == 2 && first.size() == 2, "a rank is wrong");
        require(std::max({steering[0], steering[1], first[1]}) <= LARGEST, "an axis is too long");
        shape.hidden = static_cast<int>(steering[0]);
        shape.edge_channels = static_cast<int>(steering[1]);
        shape.channels = static_cast<int>(first[1]) / (shape.lmax + 1);
        require(shape.channels > 0 && shape.channels % 16 == 0 && shape.hidden > 0 &&
                    shape.hidden % 16 == 0 && shape.edge_channels > 0,
                "channels are no multiple of 16");
    }

    std::shared_ptr<const void> maps(const EscnShape &shape) const {
        return kernels<Real>().escn_maps(shape, {{orders.data(), &orders[shape.n_orders()]}});
    }

    static constexpr std::size_t FIRST = 8;  // the inputs before weights
    static constexpr std::int64_t LARGEST = 1'000'000;
};

template <class Real>
class EscnKernel {
  public:
    EscnKernel(const Ort::ConstKernelInfo &info, int degree, int lmax, int mmax) {
        shape_.degree = degree, shape_.lmax = lmax, shape_.mmax = mmax;
        const std::size_t count = info.GetInputCount();
        std::vector<Ort::ConstValue> constants(count);
        for (std::size_t i = EscnWeightInputs<Real>::FIRST; i < count; ++i) {
            int is_constant = 0;
            constants[i] = info.GetTensorConstantInput(i, &is_constant);
            if (!is_constant) return;
        }
        EscnShape shape = shape_;
        const auto tensor = [&](std::size_t i) { return constants[i]; };
        EscnWeightInputs<Real>::read_widths(shape, count, tensor);
        maps_ = EscnWeightInputs<Real>(shape, count, tensor).maps(shape);
    }

    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        EscnShape shape = shape_;
        const auto tensor = [&](std::size_t i) { return inputs.context.GetInput(i); };
        const std::size_t count = inputs.context.GetInputCount();
        EscnWeightInputs<Real>::read_widths(shape, count, tensor);
        const EscnWeightInputs<Real> weights(shape, count, tensor);
        const EscnTensors<Real> in = tensors(inputs, shape);
        Outputs outputs(inputs.context, 1);
        Real *sums = outputs.make<Real>(0, {shape.n_atoms, shape.n_packed(), shape.channels});
        const auto maps = maps_ ? maps_ : weights.maps(shape);
        const Workspace workspace(inputs.context, sizeof(Real) * shape.workspace());
        kernels<Real>().escn(shape, in, maps.get(), static_cast<Real *>(workspace.get()), sums,
                             parallel_for(raw));
    }

  private:
    // All but the weights, of any number of atoms, edges and points.
    static EscnTensors<Real> tensors(Inputs &inputs, EscnShape &shape) {
        const Shape source = inputs.shape(0), features = inputs.shape(2), grid = inputs.shape(6);
        require(source.size() == 1 && features.size() == 3 && grid.size() == 2, "a rank is wrong");
        require(grid[0] > 0 && grid[0] <= EscnWeightInputs<Real>::LARGEST, "there are no points");
        shape.n_edges = source[0], shape.n_atoms = features[0];
        shape.points = static_cast<int>(grid[0]);
        const std::int64_t E = shape.n_edges, F = shape.n_rows(), G = shape.points;
        EscnTensors<Real> in{};
        for (const std::int64_t **end : {&in.source, &in.target}) {
            *end = inputs.take<std::int64_t>({E});
            require_inside(*end, E, shape.n_atoms);
        }
        in.features = inputs.take<Real>({shape.n_atoms, shape.n_feature_rows(), shape.channels});
        in.edge_features = inputs.take<Real>({E, shape.edge_channels});
        in.wigner = inputs.take<Real>({E, F, shape.n_packed()});
        in.weight = inputs.take<Real>({E});
        in.to_grid = inputs.take<Real>({G, shape.n_message_rows()});
        in.from_grid = inputs.take<Real>({F, G});
        return in;
    }

    EscnShape shape_;                   // its degrees
    std::shared_ptr<const void> maps_;  // if weights are constants of the file
};

// Sources and targets of edges, then any number of reals.
template <class Real>
struct EscnOp : CpuOp<EscnOp<Real>, EscnKernel<Real>, Real> {
    int degree, lmax, mmax;

    EscnOp(int degree, int lmax, int mmax)
        : EscnOp::CpuOp("EscnMessages_" + std::to_string(degree) + "_" + std::to_string(lmax) +
                            "_" + std::to_string(mmax),
                        2),
          degree(degree),
          lmax(lmax),
          mmax(mmax) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *info) const {
        return new EscnKernel<Real>(Ort::ConstKernelInfo(info), degree, lmax, mmax);
    }
};

}  // namespace sezm::kernels
