// How kernels use several threads.
#pragma once

#include <cstdint>
#include <functional>

namespace sezm::kernels {

// Calls its argument with 0 .. n-1, from any threads.
using ParallelFor = std::function<void(std::int64_t n, const std::function<void(std::int64_t)> &)>;

}  // namespace sezm::kernels
