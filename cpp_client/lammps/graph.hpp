/// LAMMPS' neighbour list as the edges that a model reads.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "lmptype.h"
#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

class Atom;
class NeighList;

/// What the graph is made from.
struct GraphSource {
    const Atom &atom;
    const NeighList &list;                            ///< full; with ghosts' lists if not folded
    const std::vector<std::int64_t> &number_of_type;  ///< atomic numbers
    double cutoff;
    int message_passing_steps;
    bool fold_ghosts;  ///< every ghost is an image of an own atom: its edges start there
    bool renewed;      ///< the list was built in this step
};

/// Atoms and edges in the precision of the file; memory is kept from step to step.
template <class Real>
class GraphBuffer {
  public:
    /// Views of this buffer, and of LAMMPS' positions where the precision is the same.
    sezm::Edges<Real> gather(const GraphSource &source);

    double bytes() const;

  private:
    void find_owners(const Atom &atom);
    void find_hops(const GraphSource &source);
    std::size_t gather_edges(const GraphSource &source);

    std::vector<Real> positions_, mask_, vectors_;
    std::vector<std::int64_t> numbers_, index_;
    std::vector<int> owners_;  // own atom of each atom, ghosts included
    std::unordered_map<tagint, int> own_;
    std::vector<int>
        hops_;  // edges between each atom and the nearest own one, as far as it matters
};

}  // namespace LAMMPS_NS
