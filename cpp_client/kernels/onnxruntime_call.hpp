// The tensors and threads of a call by ONNX Runtime.
#pragma once

#ifndef ORT_API_MANUAL_INIT
#define ORT_API_MANUAL_INIT
#endif
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "parallel_for.hpp"

namespace sezm::kernels {

using Shape = std::vector<std::int64_t>;

inline Shape shape_of(const Ort::ConstValue &tensor) {
    return tensor.GetTensorTypeAndShapeInfo().GetShape();
}

// Says which operator was called with what.
inline void require(bool holds, const char *what) {
    if (!holds) throw std::invalid_argument(std::string("libsezm_kernels: ") + what);
}

// Inputs, one after the other.
struct Inputs {
    Ort::KernelContext context;
    std::size_t next = 0;

    // Of the i-th.
    Shape shape(std::size_t i) const {
        require(i < context.GetInputCount(), "an input is missing");
        return shape_of(context.GetInput(i));
    }

    // The next one, which must have this shape.
    template <class T>
    const T *take(const Shape &expected) {
        require(shape(next) == expected, "shapes of inputs do not fit together");
        return context.GetInput(next++).GetTensorData<T>();
    }
};

// Numbers that index something of this length.
inline void require_inside(const std::int64_t *index, std::int64_t n, std::int64_t length) {
    const bool inside =
        std::all_of(index, index + n, [=](std::int64_t i) { return i >= 0 && i < length; });
    require(inside, "an index is beyond what it points into");
}

// Memory for the time of a call, from ONNX Runtime, which keeps it for the next one.
class Workspace {
  public:
    Workspace(const Ort::KernelContext &context, std::size_t bytes) {
        const auto kind = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
        allocator_ = context.GetAllocator(*kind);
        memory_ = allocator_->Alloc(allocator_, bytes);
    }
    ~Workspace() {
        allocator_->Free(allocator_, memory_);
        Ort::GetApi().ReleaseAllocator(allocator_);
    }
    Workspace(const Workspace &) = delete;
    Workspace &operator=(const Workspace &) = delete;

    void *get() const { return memory_; }

  private:
    OrtAllocator *allocator_;
    void *memory_;
};

inline ParallelFor parallel_for(OrtKernelContext *context) {
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

template <class T>
constexpr ONNXTensorElementDataType ELEMENT =
    std::is_same_v<T, float>    ? ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT
    : std::is_same_v<T, double> ? ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE
                                : ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64;

}  // namespace sezm::kernels
