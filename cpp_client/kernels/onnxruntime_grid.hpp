// Grid units as operators of ONNX Runtime.
#pragma once

#include <string>
#include <vector>

#include "grid_points.hpp"
#include "kernels.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

// What a name says: GridUnit_I_L_K.
struct GridDegrees {
    int n_inputs, lmax, kmax;
};

// Inputs: the gradient of the result (``back``), features, what was saved (``back``), weights.
template <class Real>
struct GridInputs {
    Inputs inputs;
    GridShape shape;
    GridTensors<Real> in{};
    const Real *grad = nullptr;
    std::vector<const Real *> saved, left, right, to_grid, from_grid, second;

    GridInputs(OrtKernelContext *raw, const GridDegrees &degrees, bool back)
        : inputs{Ort::KernelContext(raw)} {
        const int n_inputs = degrees.n_inputs, frames = degrees.kmax + 1;
        const std::size_t first_weight =
            static_cast<std::size_t>(n_inputs + (back ? 1 + 3 * frames : 0));
        const std::size_t gate =
            first_weight + static_cast<std::size_t>((n_inputs == 1 ? 1 : 0) + 4 * frames);
        shape = grid_shape(degrees, inputs.shape(back ? 1 : 0),
                           inputs.shape(first_weight + (n_inputs == 1 ? 1 : 0)),
                           inputs.shape(gate - 2 * static_cast<std::size_t>(frames)),
                           inputs.shape(gate));
        const std::int64_t N = shape.n_atoms, D = shape.n_packed(), C = shape.channels,
                           H = shape.hidden, P = shape.width;
        if (back) grad = inputs.take<Real>({N, D, C});
        for (int i = 0; i < n_inputs; ++i) in.features[i] = inputs.take<Real>({N, D, C});
        if (n_inputs == 1) in.features[1] = in.features[0];
        if (back) {
            for (int k = 0; k < frames; ++k)
                saved.push_back(inputs.take<Real>({shape.rows_of(k), N, H}));
            inputs.next = first_weight;
        }
        if (n_inputs == 1) in.scalars = inputs.take<Real>({C, 2 * H});
        in.left = layer(left, C, P);
        in.right = layer(right, C, P);
        for (int k = 0; k < frames; ++k)
            to_grid.push_back(inputs.take<Real>({shape.values_of(k), shape.rows_of(k)}));
        for (int k = 0; k < frames; ++k)
            from_grid.push_back(inputs.take<Real>({shape.rows_of(k), shape.values_of(k)}));
        in.to_grid = to_grid.data();
        in.from_grid = from_grid.data();
        in.gate = inputs.take<Real>({2 * H, H});
        in.second = layer(second, H, C);
        if (inputs.next < inputs.context.GetInputCount()) in.mixing = inputs.take<Real>({P, H});
        require(in.mixing != nullptr || P == H, "channels of fields are wrong");
        require(inputs.next == inputs.context.GetInputCount(), "the number of weights is wrong");
        require(opposite_points_are_in_pairs(shape, in),
                "points of grids are not in the order of this library; export the file again");
    }

  private:
    static GridShape grid_shape(const GridDegrees &degrees, const Shape &features,
                                const Shape &left, const Shape &to_grid, const Shape &gate) {
        require(features.size() == 3 && left.size() == 3 && to_grid.size() == 2 && gate.size() == 2,
                "a rank is wrong");
        GridShape shape;
        shape.n_atoms = features[0];
        shape.n_inputs = degrees.n_inputs;
        shape.lmax = degrees.lmax;
        shape.kmax = degrees.kmax;
        for (const std::int64_t length : {features[2], left[2], gate[1]})
            require(length > 0 && length % 16 == 0 && length < MOST_CHANNELS,
                    "channels are no multiple of 16, or too many");
        require(to_grid[0] > 0 && to_grid[0] % 2 == 0 && to_grid[0] < MOST_POINTS,
                "the number of points is wrong");
        shape.channels = static_cast<int>(features[2]);
        shape.width = static_cast<int>(left[2]);
        shape.hidden = static_cast<int>(gate[1]);
        shape.points = static_cast<int>(to_grid[0]);
        require(shape.n_inputs == 1 || shape.hidden == shape.channels,
                "channels of two inputs are wrong");
        return shape;
    }

    const Real *const *layer(std::vector<const Real *> &weights, std::int64_t rows,
                             std::int64_t columns) {
        weights.push_back(inputs.take<Real>({shape.lmax + 1, rows, columns}));
        for (int k = 1; k <= shape.kmax; ++k)
            weights.push_back(inputs.take<Real>({shape.lmax + 1 - k, 2, rows, columns}));
        return weights.data();
    }

    // So that products of sizes stay within an int.
    static constexpr std::int64_t MOST_CHANNELS = 1 << 14, MOST_POINTS = 1 << 14;
};

template <class Real>
struct GridForwardKernel {
    GridDegrees degrees;

    void Compute(OrtKernelContext *raw) const {
        GridInputs<Real> given(raw, degrees, false);
        const GridShape &shape = given.shape;
        Outputs outputs(given.inputs.context, 1 + 3 * static_cast<std::size_t>(shape.kmax + 1));
        Real *y = outputs.make<Real>(0, {shape.n_atoms, shape.n_packed(), shape.channels});
        std::vector<Real *> saved;  // what else stock operators save is never made
        for (int k = 0; k <= shape.kmax; ++k)
            saved.push_back(outputs.make_if_read<Real>(
                static_cast<std::size_t>(k) + 1, {shape.rows_of(k), shape.n_atoms, shape.hidden}));
        kernels<Real>().grid(shape, given.in, y, saved.data(), parallel_for(raw));
    }
};

template <class Real>
struct GridBackwardKernel {
    GridDegrees degrees;

    void Compute(OrtKernelContext *raw) const {
        GridInputs<Real> given(raw, degrees, true);
        const GridShape &shape = given.shape;
        Outputs outputs(given.inputs.context, static_cast<std::size_t>(shape.n_inputs));
        Real *gradients[2] = {};
        for (int i = 0; i < shape.n_inputs; ++i) {
            gradients[i] = outputs.make<Real>(static_cast<std::size_t>(i),
                                              {shape.n_atoms, shape.n_packed(), shape.channels});
        }
        kernels<Real>().grid_back(shape, given.in, given.saved.data(), given.grad, gradients,
                                  parallel_for(raw));
    }
};

// All inputs and outputs are reals.
template <class Real, template <class> class Kernel>
struct GridOp : CpuOp<GridOp<Real, Kernel>, Kernel<Real>, Real> {
    GridDegrees degrees;

    GridOp(const char *kind, const GridDegrees &of)
        : GridOp::CpuOp(std::string(kind) + "_" + std::to_string(of.n_inputs) + "_" +
                        std::to_string(of.lmax) + "_" + std::to_string(of.kmax)),
          degrees(of) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const {
        return new Kernel<Real>{degrees};
    }
};

template <class Real>
using GridForwardOp = GridOp<Real, GridForwardKernel>;
template <class Real>
using GridBackwardOp = GridOp<Real, GridBackwardKernel>;

}  // namespace sezm::kernels
