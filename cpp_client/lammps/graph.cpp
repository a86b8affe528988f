#include "graph.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <type_traits>

#include "atom.h"
#include "neigh_list.h"

namespace LAMMPS_NS {

namespace {

constexpr double coincident = 1e-5;  // Angstrom: closer atoms count as one place twice

[[noreturn]] void refuse_coinciding(const Atom &atom, int i, int j) {
    throw sezm::Error(sezm::ErrorCode::structure,
                      "atoms " + std::to_string(std::min(atom.tag[i], atom.tag[j])) + " and " +
                          std::to_string(std::max(atom.tag[i], atom.tag[j])) +
                          " are at the same place; remove one ('delete_atoms overlap')");
}

}  // namespace

template <class Real>
void GraphBuffer<Real>::gather_atoms(const GraphSource &source, std::size_t count) {
    const Atom &atom = source.atom;
    const std::int64_t any = source.model.atomic_numbers.front();
    numbers_.resize(count);
    mask_.assign(count, Real(0));
    for (std::size_t i = 0; i < count; ++i) {
        const std::int64_t number = source.number_of_type[atom.type[i]];
        numbers_[i] = number == 0 ? any : number;  // without edges and energy, whatever it is
        if (number != 0 && i < static_cast<std::size_t>(atom.nlocal)) mask_[i] = Real(1);
    }
    if constexpr (!std::is_same_v<Real, double>) {
        if (count > 0) positions_.assign(atom.x[0], atom.x[0] + 3 * count);
    }
}

/// Keep the nearest of the edges [first, last), all of one target; returns the new end. Equally
/// long ones count by the ID of their source, so that all ranks decide alike.
template <class Real>
std::size_t GraphBuffer<Real>::keep_nearest(const GraphSource &source, std::size_t first,
                                            std::size_t last) {
    const auto limit = static_cast<std::size_t>(source.model.max_neighbors.value_or(last - first));
    if (last - first <= limit) return last;
    nearest_.clear();
    for (std::size_t e = first; e < last; ++e) {
        const Real *v = &vectors_[3 * e];
        nearest_.push_back(
            {std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), source.atom.tag[index_[e]], e});
    }
    const auto before = [](const Candidate &a, const Candidate &b) {
        return std::tie(a.distance, a.id, a.edge) < std::tie(b.distance, b.id, b.edge);
    };
    std::nth_element(nearest_.begin(), nearest_.begin() + limit, nearest_.end(), before);
    nearest_.resize(limit);
    std::sort(nearest_.begin(), nearest_.end(),
              [](const Candidate &a, const Candidate &b) { return a.edge < b.edge; });
    for (const Candidate &kept : nearest_) {
        index_[first] = index_[kept.edge];
        std::copy_n(&vectors_[3 * kept.edge], 3, &vectors_[3 * first++]);
    }
    return first;
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
    const double limit = source.model.cutoff * source.model.cutoff;
    double **x = source.atom.x;
    std::size_t e = 0;
    for (int n = 0; n < n_targets; ++n) {
        const int i = list.ilist[n];
        if (!source.fold_ghosts && !reach_.includes(i)) continue;
        const std::size_t first = e;
        for (int k = 0; k < list.numneigh[i]; ++k) {
            const int j = list.firstneigh[i][k] & NEIGHMASK;
            const double dx = x[j][0] - x[i][0], dy = x[j][1] - x[i][1], dz = x[j][2] - x[i][2];
            const double square = dx * dx + dy * dy + dz * dz;
            if (square >= limit) continue;
            if (square <= coincident * coincident) refuse_coinciding(source.atom, i, j);
            index_[e] = source.fold_ghosts ? owners_[j] : j;
            vectors_[3 * e] = static_cast<Real>(dx);
            vectors_[3 * e + 1] = static_cast<Real>(dy);
            vectors_[3 * e + 2] = static_cast<Real>(dz);
            ++e;
        }
        e = keep_nearest(source, first, e);
        std::fill(index_.begin() + candidates + first, index_.begin() + candidates + e, i);
    }
    std::copy_n(index_.begin() + candidates, e, index_.begin() + e);
    return e;
}

template <class Real>
sezm::Edges<Real> GraphBuffer<Real>::gather(const GraphSource &source) {
    const Atom &atom = source.atom;
    if (!source.fold_ghosts) {
        reach_.update(atom, source.list, source.model.cutoff, source.steps);
    } else if (source.renewed || owners_.count() != atom.nlocal + atom.nghost) {
        owners_.update(atom);
    }
    sezm::Edges<Real> edges;
    edges.atom_count = source.fold_ghosts ? atom.nlocal : atom.nlocal + atom.nghost;
    gather_atoms(source, edges.atom_count);
    const double *x = edges.atom_count > 0 ? atom.x[0] : nullptr;  // none where no atom ever was
    if constexpr (std::is_same_v<Real, double>) {
        edges.positions = x;
    } else {
        edges.positions = positions_.data();
    }
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
                               (numbers_.capacity() + index_.capacity()) * sizeof(std::int64_t)) +
           owners_.bytes() + reach_.bytes();
}

template class GraphBuffer<float>;
template class GraphBuffer<double>;

}  // namespace LAMMPS_NS
