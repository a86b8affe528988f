// The network at the points of the sphere of each atom as an operator of ONNX Runtime.
#pragma once

#include <algorithm>

#include "kernels.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

template <class Real>
struct PointKernel {
    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        const Shape features = inputs.shape(0), grid = inputs.shape(1);
        require(features.size() == 3 && grid.size() == 2, "a rank is wrong");
        require(features[1] > 0 && grid[0] > 0, "there are no points");
        require(std::max({features[1], features[2], grid[0]}) <= LARGEST, "an axis is too long");
        PointShape shape;
        shape.n_atoms = features[0];
        shape.rows = static_cast<int>(features[1]);
        shape.channels = static_cast<int>(features[2]);
        shape.points = static_cast<int>(grid[0]);
        require(shape.channels > 0 && shape.channels % 16 == 0, "channels are no multiple of 16");
        PointTensors<Real> in{};
        in.features = inputs.take<Real>(features);
        in.to_grid = inputs.take<Real>({shape.points, shape.rows});
        in.weight = inputs.take<Real>({shape.channels, shape.channels});
        in.from_grid = inputs.take<Real>({shape.rows, shape.points});
        Outputs outputs(inputs.context, 1);
        kernels<Real>().points(shape, in, outputs.make<Real>(0, features), parallel_for(raw));
    }

    static constexpr std::int64_t LARGEST = 1 << 15;  // products of two fit an int
};

template <class Real>
struct PointOp : CpuOp<PointOp<Real>, PointKernel<Real>, Real> {
    PointOp() : PointOp::CpuOp("EscnPoints") {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const {
        return new PointKernel<Real>();
    }
};

}  // namespace sezm::kernels
