/// What every engine looks like to the library. One engine is one shared library of its own
/// (backends.hpp), so that running ONNX files loads no torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sezm/sezm.hpp"

namespace sezm {

enum class DType { float32, float64, int64 };

/// One tensor in memory that a session reads or fills.
struct Tensor {
    const char *name = nullptr;
    DType dtype = DType::float64;
    int rank = 0;
    std::int64_t shape[3] = {};
    void *data = nullptr;  // never null, even without elements

    std::size_t size() const {
        std::size_t count = 1;
        for (int axis = 0; axis < rank; ++axis) count *= static_cast<std::size_t>(shape[axis]);
        return count;
    }
};

/// A loaded model: tensors in, tensors out, in the order of its metadata.
class Session {
  public:
    virtual ~Session() = default;

    /// The text under the contract's key, "" if the file has none.
    virtual std::string metadata_json() const = 0;

    /// Evaluate once. `outputs` have the shapes that the contract says; they are filled in place.
    virtual void run(const std::vector<Tensor> &inputs, const std::vector<Tensor> &outputs) = 0;
};

/// Open a file: what the shared library of an engine exports, under the name in backends.cpp.
using OpenSession = Session *(const std::string &path, const Options &options);

}  // namespace sezm
