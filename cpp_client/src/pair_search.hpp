/// All pairs of atoms within a radius, periodic images included, in an order of their own.
///
/// vesin searches; here its box is prepared, and its pairs are sorted so that the same structure
/// gives the same list on any machine and with any radius (pairs beyond simply drop out).
#pragma once

#include <cstdint>
#include <vector>

#include "sezm/sezm.hpp"

namespace sezm {

/// One directed pair: vector = pos[source] - pos[target] + shift @ cell.
struct Pair {
    std::int64_t target;
    std::int64_t source;
    std::array<std::int64_t, 3> shift;
};

/// Every pair closer than `radius` (Angstrom), and possibly some that are not, sorted by target,
/// then source, then shift.
///
/// Throws Error (structure): as tight_box.
std::vector<Pair> search_pairs(const Atoms &atoms, const Cell &cell, const Periodic &periodic,
                               double radius);

}  // namespace sezm
