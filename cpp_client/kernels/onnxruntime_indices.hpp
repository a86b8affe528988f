// Slots of edges and sums of rows as operators of ONNX Runtime.
#pragma once

#include <numeric>
#include <string>

#include "kernels.hpp"
#include "neighbor_slots.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

constexpr std::int64_t MOST_ATOMS = std::int64_t{1} << 40;  // of a size that a file states

// source [E], target [E], and tensors of as many atoms as may be sources, and targets.
struct SlotsKernel {
    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        const auto length = [&](std::size_t i) {
            const Shape shape = inputs.shape(i);
            require(shape.size() == 1, "a rank is wrong");
            return shape[0];
        };
        const std::int64_t E = length(0);
        EdgeAtoms edges{E, length(2), length(3), nullptr, nullptr};
        edges.source = inputs.take<std::int64_t>({E});
        edges.target = inputs.take<std::int64_t>({E});
        require_inside(edges.source, E, edges.n_atoms);
        require_inside(edges.target, E, edges.n_targets);
        const std::int64_t R = edges.n_rows(), Q = edges.n_source_rows();
        const std::int64_t lengths[] = {ROW_WIDTH * R, ROW_WIDTH * R, R, ROW_WIDTH * Q, Q, E};
        require(R > 0, "there are no rows");
        Outputs outputs(inputs.context, std::size(lengths));
        std::int64_t *arrays[std::size(lengths)];
        for (std::size_t i = 0; i < std::size(lengths); ++i)
            arrays[i] = outputs.make<std::int64_t>(i, {lengths[i]});
        fill_slots(edges, {arrays[0], arrays[1], arrays[2], arrays[3], arrays[4], arrays[5]});
    }
};

struct SlotsOp : CpuOp<SlotsOp, SlotsKernel, std::int64_t> {
    SlotsOp() : CpuOp("NeighborSlots", 3) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const { return new SlotsKernel; }
};

// rows [n, ...], index [n], size [1].
template <class Real>
struct SumRowsKernel {
    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        Shape shape = inputs.shape(0);
        require(!shape.empty(), "a rank is wrong");
        SegmentSums<Real> given{};
        given.n = shape[0];
        given.width = std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1},
                                      std::multiplies<std::int64_t>());
        given.rows = inputs.take<Real>(shape);
        given.index = inputs.take<std::int64_t>({given.n});
        given.size = *inputs.take<std::int64_t>({1});
        require(
            given.size >= 0 && given.size <= MOST_ATOMS / std::max<std::int64_t>(1, given.width),
            "a number of sums is wrong");
        require_inside(given.index, given.n, given.size);
        shape[0] = given.size;
        Outputs outputs(inputs.context, 1);
        Real *sums = outputs.make<Real>(0, shape);
        if (given.size == 0) return;
        kernels<Real>().sum_rows(given, sums, parallel_for(raw));
    }
};

template <class Real>
struct SumRowsOp : CpuOp<SumRowsOp<Real>, SumRowsKernel<Real>, Real> {
    explicit SumRowsOp(int number) : SumRowsOp::CpuOp("SumRows_" + std::to_string(number)) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const {
        return new SumRowsKernel<Real>;
    }
    std::size_t GetInputTypeCount() const { return 3; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        return i == 0 ? ELEMENT<Real> : ELEMENT<std::int64_t>;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t) const {
        return INPUT_OUTPUT_REQUIRED;
    }
};

}  // namespace sezm::kernels
