// Row programs as operators of ONNX Runtime.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"
#include "onnxruntime_op.hpp"

namespace sezm::kernels {

// Inputs: constants, program, then those of the program.
template <class Real>
struct RowsKernel {
    void Compute(OrtKernelContext *raw) const {
        Inputs inputs{Ort::KernelContext(raw)};
        const Shape constants = inputs.shape(0), words = inputs.shape(1);
        require(constants.size() == 1 && words.size() == 1, "a rank is wrong");
        RowTensors<Real> tensors{};
        tensors.constants = inputs.take<Real>(constants);
        const RowProgram program(inputs.take<std::int64_t>(words), words[0]);
        const std::size_t n = inputs.context.GetInputCount();
        std::vector<RowInput> given;
        while (inputs.next < n) {
            const Ort::ConstValue tensor = inputs.context.GetInput(inputs.next++);
            const auto info = tensor.GetTensorTypeAndShapeInfo();
            given.push_back({info.GetShape(), info.GetElementType() == ELEMENT<Real>,
                             info.GetElementType() == ELEMENT<std::int64_t>,
                             info.GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL});
            tensors.inputs.push_back(tensor.GetTensorRawData());
        }
        tensors.n_rows = program.n_rows(given);
        check(program, given, tensors.n_rows, constants[0], inputs.context.GetOutputCount());
        Outputs outputs(inputs.context, program.outputs.size());
        for (std::size_t i = 0; i < program.outputs.size(); ++i) {
            Shape shape = program.outputs[i];
            shape[0] *= tensors.n_rows;
            tensors.outputs.push_back(outputs.make<Real>(i, shape));
        }
        check_indices(program, tensors, given);
        kernels<Real>().rows(program, tensors, parallel_for(raw));
    }
};

template <class Real>
struct RowsOp : CpuOp<RowsOp<Real>, RowsKernel<Real>, Real> {
    explicit RowsOp(int number) : RowsOp::CpuOp("Rows_" + std::to_string(number)) {}

    void *CreateKernel(const OrtApi &, const OrtKernelInfo *) const { return new RowsKernel<Real>; }
    std::size_t GetInputTypeCount() const { return 3; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        if (i == 0) return ELEMENT<Real>;
        return i == 1 ? ELEMENT<std::int64_t> : ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t i) const {
        return i < 2 ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    }
    bool GetVariadicInputHomogeneity() const { return false; }
};

}  // namespace sezm::kernels
