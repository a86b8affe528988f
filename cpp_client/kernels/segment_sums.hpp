// Sums of the rows of each segment (export/FORMAT.md, "Functions").
#pragma once

#include <cstdint>

namespace sezm::kernels {

// n rows of so many numbers, which go to sums [size, width].
template <class Real>
struct SegmentSums {
    std::int64_t n, width, size;
    const Real *rows;           // [n, width]
    const std::int64_t *index;  // [n], below size
};

}  // namespace sezm::kernels
