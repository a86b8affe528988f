// The tensors and threads of a call by ONNX Runtime.
#pragma once

#ifndef ORT_API_MANUAL_INIT
#define ORT_API_MANUAL_INIT
#endif
#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <numeric>
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

// Where results go, of which there must be so many.
class Outputs {
  public:
    Outputs(const Ort::KernelContext &context, std::size_t count) : context_(context) {
        require(context.GetOutputCount() == count, "the number of outputs is wrong");
    }

    // The i-th; null where nothing reads it, as what is saved in graphs without a way back.
    template <class T>
    T *make_if_read(std::size_t i, const Shape &shape) const {
        auto tensor = context_.GetOutput(i, shape);
        return tensor ? tensor.template GetTensorMutableData<T>() : nullptr;
    }

    // The i-th, with memory of its own where nothing reads it.
    template <class T>
    T *make(std::size_t i, const Shape &shape) {
        if (T *read = make_if_read<T>(i, shape)) return read;
        const std::int64_t size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1},
                                                  std::multiplies<std::int64_t>());
        unread_.push_back(
            std::make_unique<unsigned char[]>(sizeof(T) * static_cast<std::size_t>(size)));
        return reinterpret_cast<T *>(unread_.back().get());
    }

  private:
    const Ort::KernelContext &context_;
    std::vector<std::unique_ptr<unsigned char[]>> unread_;
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
        try {
            memory_ = allocator_->Alloc(allocator_, bytes);
            if (memory_ == nullptr && bytes > 0) throw std::bad_alloc();
        } catch (...) {
            Ort::GetApi().ReleaseAllocator(allocator_);
            throw;
        }
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
