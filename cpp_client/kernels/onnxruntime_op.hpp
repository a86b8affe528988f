// What operators of ONNX Runtime have in common.
#pragma once

#include <string>
#include <utility>

#include "onnxruntime_call.hpp"

namespace sezm::kernels {

// An operator ``Op`` for the CPU: indices, then any number of ``Element``s, to any number of them.
// Operators that take something else say so.
template <class Op, class Kernel, class Element>
struct CpuOp : Ort::CustomOpBase<Op, Kernel> {
    std::string name;
    std::size_t n_indices;

    explicit CpuOp(std::string of, std::size_t indices = 0)
        : name(std::move(of)), n_indices(indices) {}

    const char *GetName() const { return name.c_str(); }
    const char *GetExecutionProviderType() const { return "CPUExecutionProvider"; }
    std::size_t GetInputTypeCount() const { return n_indices + 1; }
    ONNXTensorElementDataType GetInputType(std::size_t i) const {
        return i < n_indices ? ELEMENT<std::int64_t> : ELEMENT<Element>;
    }
    OrtCustomOpInputOutputCharacteristic GetInputCharacteristic(std::size_t i) const {
        return i < n_indices ? INPUT_OUTPUT_REQUIRED : INPUT_OUTPUT_VARIADIC;
    }
    std::size_t GetOutputTypeCount() const { return 1; }
    ONNXTensorElementDataType GetOutputType(std::size_t) const { return ELEMENT<Element>; }
    OrtCustomOpInputOutputCharacteristic GetOutputCharacteristic(std::size_t) const {
        return INPUT_OUTPUT_VARIADIC;
    }
    bool GetVariadicInputHomogeneity() const { return true; }
    bool GetVariadicOutputHomogeneity() const { return true; }
};

}  // namespace sezm::kernels
