/// Edges of the graph that a model sees: which atoms are within its cutoff, and how they lie.
///
///     vectors[e] = pos[j] - pos[i] + shift_e @ cell      (source j, target i)
///
/// Both directions of a pair are edges, and so are images of an atom within its own cutoff. Edges
/// are sorted by target, then source, then shift.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pair_search.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// Edges in the precision that a model computes in; memory is kept from step to step.
template <class Real>
struct EdgeBuffer {
    std::size_t count = 0;
    std::vector<std::int64_t> index;  ///< the first 2 E are [2, E]: sources, then targets
    std::vector<Real> vectors;        ///< the first 3 E are [E, 3], Angstrom
    std::vector<Real> distances;      ///< the first E, Angstrom; each below the cutoff
};

/// Neighbour list of a structure that moves.
///
/// Pairs are searched within cutoff + skin, and searched again only when an atom has moved by more
/// than half the skin, or the cell, the periodicity or the number of atoms has changed. The edges
/// are the same to the last bit for any skin.
class NeighborList {
  public:
    /// @param cutoff Angstrom
    /// @param skin Angstrom; 0 searches at every change of the positions
    /// @param max_neighbors each target keeps so many nearest sources at most
    ///
    /// Throws Error (argument): a negative or infinite skin.
    NeighborList(double cutoff, double skin, std::optional<std::int64_t> max_neighbors = {});

    /// The edges of a structure as it is now.
    ///
    /// Throws Error (structure): no atoms, positions that are not finite, coinciding atoms, a flat
    /// cell.
    template <class Real>
    void update(const Atoms &atoms, const Cell &cell, const Periodic &periodic,
                EdgeBuffer<Real> &edges);

    std::size_t searches() const { return searches_; }

  private:
    bool candidates_cover(const Atoms &atoms, const Cell &cell, const Periodic &periodic) const;
    void search(const Atoms &atoms, const Cell &cell, const Periodic &periodic);

    double cutoff_;
    double skin_;
    std::optional<std::int64_t> max_neighbors_;
    std::size_t searches_ = 0;

    // The structure at the last search, and its pairs within cutoff + skin.
    std::vector<double> positions_;
    Cell cell_{};
    Periodic periodic_{};
    std::vector<std::int64_t> targets_, sources_;
    std::vector<double> offsets_;    // [P, 3] shift @ cell
    std::vector<double> distances_;  // scratch, as is
    std::vector<std::pair<double, std::size_t>> nearest_;
};

}  // namespace sezm
