/// An equivalent box without empty space, in which neighbours can be searched safely.
///
/// The search wants a periodic box of a size that goes with the number of atoms. Structures have
/// molecules without any cell, slabs with a zero third vector, boxes of a millimetre with one atom,
/// and atoms far outside. Along each axis, space in which nothing can be a neighbour of anything is
/// taken out: every gap between successive atoms shrinks to just above the search radius, as does
/// the space around an axis that is not periodic. Pairs within the radius, and their images, stay.
#pragma once

#include <cstdint>
#include <vector>

#include "sezm/sezm.hpp"

namespace sezm {

/// The same atoms in a small box, periodic along all of its vectors.
struct TightBox {
    std::vector<double> positions;  ///< [N, 3] inside the box
    Cell cell;                      ///< rows are vectors
    std::array<double, 3> heights;  ///< distances between opposite faces, Angstrom
    /// [N, 3] how many cell vectors each atom was moved by: with S' the shift of a pair in this
    /// box, its shift in the structure is S' + wraps[target] - wraps[source].
    std::vector<std::int64_t> wraps;
};

/// Take out of a structure the space that no pair within `radius` spans.
///
/// Throws Error (structure): the cell is flat along a periodic direction or not finite, or atoms
/// are absurdly far outside it.
TightBox tight_box(const Atoms &atoms, const Cell &cell, const Periodic &periodic, double radius);

}  // namespace sezm
