#include "images.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "atom.h"
#include "neigh_list.h"
#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

void Owners::update(const Atom &atom) {
    owners_.resize(atom.nlocal + atom.nghost);
    std::iota(owners_.begin(), owners_.begin() + atom.nlocal, 0);
    own_.clear();
    for (int i = 0; i < atom.nlocal; ++i) {
        if (own_.emplace(atom.tag[i], i).second) continue;
        throw sezm::Error(
            sezm::ErrorCode::structure,
            "two atoms have the ID " + std::to_string(atom.tag[i]) + "; add 'reset_atoms id'");
    }
    for (int i = atom.nlocal; i < atom.nlocal + atom.nghost; ++i) {
        owners_[i] = own_.at(atom.tag[i]);
    }
}

void Reach::update(const Atom &atom, const NeighList &list, double cutoff, int steps) {
    steps_ = std::max(steps, 1);
    hops_.assign(atom.nlocal + atom.nghost, steps_);
    std::fill_n(hops_.begin(), atom.nlocal, 0);
    for (int hop = 0; hop + 1 < steps_; ++hop) {
        for (int n = 0; n < list.inum + list.gnum; ++n) {
            const int i = list.ilist[n];
            if (hops_[i] != hop) continue;
            for (int k = 0; k < list.numneigh[i]; ++k) {
                const int j = list.firstneigh[i][k] & NEIGHMASK;
                if (hops_[j] <= hop + 1) continue;
                const double *a = atom.x[i], *b = atom.x[j];
                const double dx = b[0] - a[0], dy = b[1] - a[1], dz = b[2] - a[2];
                if (dx * dx + dy * dy + dz * dz < cutoff * cutoff) hops_[j] = hop + 1;
            }
        }
    }
}

}  // namespace LAMMPS_NS
