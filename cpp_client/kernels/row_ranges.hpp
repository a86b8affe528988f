// Parts of the rows of edges for several threads, such that no two parts share an atom.
#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel_for.hpp"

namespace sezm::kernels {

// So many that the last tile of a part, which is not full, counts little.
constexpr std::int64_t ROWS_PER_PART = 256;

// Calls ``work(first row, last row)`` for each part. ``atom`` [n_rows]; equal ones lie together.
template <class Work>
void for_row_ranges(std::int64_t n_rows, const std::int64_t *atom, const ParallelFor &parallel_for,
                    const Work &work) {
    const auto begin_of = [&](std::int64_t part) {
        std::int64_t row = std::min(n_rows, part * ROWS_PER_PART);
        while (row > 0 && row < n_rows && atom[row] == atom[row - 1]) ++row;
        return row;
    };
    const std::int64_t parts = (n_rows + ROWS_PER_PART - 1) / ROWS_PER_PART;
    parallel_for(parts, [&](std::int64_t part) { work(begin_of(part), begin_of(part + 1)); });
}

}  // namespace sezm::kernels
