// The order in which the way back comes by: what it reads lies in that order.
#pragma once

#include <cstdint>
#include <vector>

#include "edge_messages.hpp"
#include "edge_shape.hpp"

namespace sezm::kernels {

// Place of each slot in the order of sources, [S].
inline std::vector<std::int64_t> places_by_source(std::int64_t n_slots, const SourceRows &sources) {
    std::vector<std::int64_t> places(static_cast<std::size_t>(n_slots), 0);
    std::int64_t next = 0;
    for (std::int64_t i = 0; i < sources.n_rows * ROW_WIDTH; ++i) {
        const std::int64_t slot = sources.slot[i];
        if (slot != n_slots - 1) places[static_cast<std::size_t>(slot)] = next++;
    }
    return places;
}

}  // namespace sezm::kernels
