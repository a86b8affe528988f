/// Tensors of the library as tensors of libtorch, for the engines that run in it.
#pragma once

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <stdexcept>
#include <string>

#include "session.hpp"

namespace sezm {

inline at::ScalarType scalar_type(DType dtype) {
    switch (dtype) {
        case DType::float32: return at::kFloat;
        case DType::float64: return at::kDouble;
        default: return at::kLong;
    }
}

/// The same memory.
inline at::Tensor view(const Tensor &tensor) {
    return at::from_blob(tensor.data,
                         at::IntArrayRef(tensor.shape, static_cast<std::size_t>(tensor.rank)),
                         at::TensorOptions(scalar_type(tensor.dtype)));
}

inline void store(const at::Tensor &from, const Tensor &to) {
    at::Tensor target = view(to);
    if (from.sizes() != target.sizes() || from.scalar_type() != target.scalar_type()) {
        throw std::runtime_error(std::string("output '") + to.name +
                                 "' differs from the file's metadata; export it again");
    }
    target.copy_(from);
}

inline std::string first_line(const std::exception &error) {
    const std::string text = error.what();
    return text.substr(0, text.find('\n'));
}

/// Torch warns of an operator in the files ("index_reduce() is in beta") people who cannot choose
/// another.
class Silence : public c10::WarningHandler {
  public:
    void process(const c10::Warning &) override {}
};

}  // namespace sezm
