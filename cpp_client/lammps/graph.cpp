#include "graph.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>

#include "atom.h"
#include "neigh_list.h"

namespace LAMMPS_NS {

template <class Real>
void GraphBuffer<Real>::find_owners(const Atom &atom) {
    owners_.resize(atom.nlocal + atom.nghost);
    std::iota(owners_.begin(), owners_.begin() + atom.nlocal, 0);
    own_.clear();
    for (int i = 0; i < atom.nlocal; ++i) own_[atom.tag[i]] = i;
    for (int i = atom.nlocal; i < atom.nlocal + atom.nghost; ++i) {
        owners_[i] = own_.at(atom.tag[i]);
    }
}

/// What happens at a ghost reaches an own atom only along edges, one in each message-passing step:
/// ghosts further away than all steps but the last carry need no edges of their own.
template <class Real>
void GraphBuffer<Real>::find_hops(const GraphSource &source) {
    const NeighList &list = source.list;
    hops_.assign(source.atom.nlocal + source.atom.nghost, source.message_passing_steps);
    std::fill_n(hops_.begin(), source.atom.nlocal, 0);
    for (int hop = 0; hop + 1 < source.message_passing_steps; ++hop) {
        for (int n = 0; n < list.inum + list.gnum; ++n) {
            const int i = list.ilist[n];
            if (hops_[i] != hop) continue;
            for (int k = 0; k < list.numneigh[i]; ++k) {
                const int j = list.firstneigh[i][k] & NEIGHMASK;
                if (hops_[j] <= hop + 1) continue;
                const double *a = source.atom.x[i], *b = source.atom.x[j];
                const double dx = b[0] - a[0], dy = b[1] - a[1], dz = b[2] - a[2];
                if (dx * dx + dy * dy + dz * dz < source.cutoff * source.cutoff) hops_[j] = hop + 1;
            }
        }
    }
}

template <class Real>
std::size_t GraphBuffer<Real>::gather_edges(const GraphSource &source) {
    const NeighList &list = source.list;
    const int n_targets = source.fold_ghosts ? list.inum : list.inum + list.gnum;
    std::size_t candidates = 0;
    for (int n = 0; n < n_targets; ++n) candidates += list.numneigh[list.ilist[n]];

    // Targets are written behind room for all candidates, and moved up once E is known.
    index_.resize(2 * candidates + 1);
    vectors_.resize(3 * candidates + 1);
    std::size_t e = 0;
    const double limit = source.cutoff * source.cutoff;
    double **x = source.atom.x;
    for (int n = 0; n < n_targets; ++n) {
        const int i = list.ilist[n];
        if (!source.fold_ghosts && hops_[i] >= source.message_passing_steps) continue;
        for (int k = 0; k < list.numneigh[i]; ++k) {
            const int j = list.firstneigh[i][k] & NEIGHMASK;
            const double dx = x[j][0] - x[i][0], dy = x[j][1] - x[i][1], dz = x[j][2] - x[i][2];
            if (dx * dx + dy * dy + dz * dz >= limit) continue;
            index_[e] = source.fold_ghosts ? owners_[j] : j;
            index_[candidates + e] = i;
            vectors_[3 * e] = static_cast<Real>(dx);
            vectors_[3 * e + 1] = static_cast<Real>(dy);
            vectors_[3 * e + 2] = static_cast<Real>(dz);
            ++e;
        }
    }
    std::copy_n(index_.begin() + candidates, e, index_.begin() + e);
    return e;
}

template <class Real>
sezm::Edges<Real> GraphBuffer<Real>::gather(const GraphSource &source) {
    const Atom &atom = source.atom;
    const std::size_t n_all = atom.nlocal + atom.nghost;
    if (source.fold_ghosts && (source.renewed || owners_.size() != n_all)) find_owners(atom);
    if (!source.fold_ghosts) find_hops(source);

    sezm::Edges<Real> edges;
    edges.atom_count = source.fold_ghosts ? atom.nlocal : n_all;
    const double *x = n_all > 0 ? atom.x[0] : nullptr;  // none where no atom ever was
    if constexpr (std::is_same_v<Real, double>) {
        edges.positions = x;
    } else {
        positions_.assign(x, x + 3 * edges.atom_count);
        edges.positions = positions_.data();
    }
    numbers_.resize(edges.atom_count);
    for (std::size_t i = 0; i < edges.atom_count; ++i) {
        numbers_[i] = source.number_of_type[atom.type[i]];
    }
    mask_.assign(edges.atom_count, Real(0));
    std::fill_n(mask_.begin(), atom.nlocal, Real(1));
    edges.atomic_numbers = numbers_.data();
    edges.atom_mask = mask_.data();
    edges.edge_count = gather_edges(source);
    edges.edge_index = index_.data();
    edges.edge_vec = vectors_.data();
    return edges;
}

template <class Real>
double GraphBuffer<Real>::bytes() const {
    return static_cast<double>((positions_.capacity() + mask_.capacity() + vectors_.capacity()) *
                                   sizeof(Real) +
                               (numbers_.capacity() + index_.capacity()) * sizeof(std::int64_t) +
                               (owners_.capacity() + hops_.capacity()) * sizeof(int));
}

template class GraphBuffer<float>;
template class GraphBuffer<double>;

}  // namespace LAMMPS_NS
