/// What LAMMPS' ghosts are to a graph: images of atoms that are here, or atoms of other ranks.
#pragma once

#include <unordered_map>
#include <vector>

#include "lmptype.h"

namespace LAMMPS_NS {

class Atom;
class NeighList;

/// The own atom of each atom, where one rank owns them all.
class Owners {
  public:
    /// Find them by their IDs. Throws sezm::Error (structure): an ID is there twice.
    void update(const Atom &atom);

    int operator[](int atom) const { return owners_[atom]; }
    int count() const { return static_cast<int>(owners_.size()); }
    double bytes() const { return static_cast<double>(owners_.capacity() * sizeof(int)); }

  private:
    std::vector<int> owners_;
    std::unordered_map<tagint, int> own_;
};

/// Which atoms need edges of their own, where ghosts are atoms of other ranks: what happens at a
/// ghost reaches an own atom only along edges, one in each message-passing step, so that ghosts
/// further away than all steps but the last carry need none.
class Reach {
  public:
    /// Follow the edges of a list with ghosts, `cutoff` long at most, for `steps` steps.
    void update(const Atom &atom, const NeighList &list, double cutoff, int steps);

    bool includes(int atom) const { return hops_[atom] < steps_; }
    double bytes() const { return static_cast<double>(hops_.capacity() * sizeof(int)); }

  private:
    int steps_ = 0;
    std::vector<int> hops_;  // edges to the nearest own atom, as far as it matters
};

}  // namespace LAMMPS_NS
