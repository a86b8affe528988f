// Sums of rows in their order; see segment_sums.hpp.
#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel_for.hpp"
#include "segment_sums.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr std::int64_t COLUMNS_PER_PART = 64;  // threads share columns, so that the order is one

template <class Real>
void sum_rows(const SegmentSums<Real> &given, Real *sums, const ParallelFor &parallel_for) {
    const std::int64_t width = given.width;
    std::fill_n(sums, given.size * width, Real(0));
    parallel_for((width + COLUMNS_PER_PART - 1) / COLUMNS_PER_PART, [&](std::int64_t part) {
        const std::int64_t first = part * COLUMNS_PER_PART;
        const std::int64_t count = std::min(COLUMNS_PER_PART, width - first);
        for (std::int64_t i = 0; i < given.n; ++i) {
            const Real *from = given.rows + i * width + first;
            Real *to = sums + given.index[i] * width + first;
            for (std::int64_t c = 0; c < count; ++c) to[c] += from[c];
        }
    });
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
