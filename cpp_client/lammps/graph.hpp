/// LAMMPS' neighbour list as the edges that a model reads.
#pragma once

#include <cstdint>
#include <vector>

#include "images.hpp"
#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

/// What the graph is made from.
struct GraphSource {
    const Atom &atom;
    const NeighList &list;  ///< full; with ghosts' lists if not folded
    const sezm::Metadata &model;
    const std::vector<std::int64_t> &number_of_type;  ///< atomic numbers; 0: no part of the model
    int steps;         ///< how far ghosts matter: message-passing steps, 1 where features travel
    bool fold_ghosts;  ///< every ghost is an image of an own atom: its edges start there
    bool renewed;      ///< the list was built in this step
};

/// Atoms and edges in the precision of the file; memory is kept from step to step.
template <class Real>
class GraphBuffer {
  public:
    /// Views of this buffer, and of LAMMPS' positions where the precision is the same. Atoms are
    /// in LAMMPS' order: own ones first, then ghosts unless they are folded.
    ///
    /// Throws sezm::Error (structure): two atoms are at the same place, or have the same ID.
    sezm::Edges<Real> gather(const GraphSource &source);

    double bytes() const;

  private:
    void gather_atoms(const GraphSource &source, std::size_t count);
    std::size_t gather_edges(const GraphSource &source);
    std::size_t keep_nearest(const GraphSource &source, std::size_t first, std::size_t last);

    Owners owners_;
    Reach reach_;
    std::vector<Real> positions_, mask_, vectors_;
    std::vector<std::int64_t> numbers_, index_;
    struct Candidate {
        Real distance;
        tagint id;
        std::size_t edge;
    };
    std::vector<Candidate> nearest_;
};

}  // namespace LAMMPS_NS
