#include "neighbor_list.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sezm {
namespace {

constexpr double coincident = 1e-5;  // Angstrom: closer atoms count as one place twice
constexpr double rounding = 1e-6;    // Angstrom on the search radius: the cutoff is decided here

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

void check_positions(const Atoms &atoms) {
    if (atoms.count == 0) throw Error(ErrorCode::structure, "the structure has no atoms.");
    for (std::size_t i = 0; i < 3 * atoms.count; ++i) {
        if (std::isfinite(atoms.positions[i])) continue;
        const double *p = atoms.positions + i - i % 3;
        throw Error(ErrorCode::structure,
                    "atom " + std::to_string(i / 3) + " is at [" + number(p[0]) + ", " +
                        number(p[1]) + ", " + number(p[2]) +
                        "]: positions must be finite; correct the structure, or use a shorter "
                        "time step if this came out of dynamics.");
    }
}

[[noreturn]] void refuse_coinciding(std::int64_t source, std::int64_t target, double distance) {
    throw Error(ErrorCode::structure, "atoms " + std::to_string(std::min(source, target)) +
                                          " and " + std::to_string(std::max(source, target)) +
                                          " are at the same place (distance " + number(distance) +
                                          " Angstrom); remove or move one.");
}

/// Keep the nearest edges of each target only; order stays. Distances are compared in double
/// precision, whatever the model computes in.
template <class Real>
void keep_nearest(EdgeBuffer<Real> &edges, const std::vector<double> &distances,
                  std::size_t target_row, std::size_t limit,
                  std::vector<std::pair<double, std::size_t>> &scratch) {
    std::size_t kept = 0;
    for (std::size_t first = 0, last = 0; first < edges.count; first = last) {
        scratch.clear();
        const std::int64_t target = edges.index[target_row + first];
        for (; last < edges.count && edges.index[target_row + last] == target; ++last) {
            scratch.emplace_back(distances[last], last);
        }
        if (scratch.size() > limit) {
            std::nth_element(scratch.begin(), scratch.begin() + limit, scratch.end());
            scratch.resize(limit);
            std::sort(scratch.begin(), scratch.end(),
                      [](const auto &a, const auto &b) { return a.second < b.second; });
        }
        for (const auto &[distance, edge] : scratch) {
            edges.index[kept] = edges.index[edge];
            edges.index[target_row + kept] = target;
            std::copy_n(&edges.vectors[3 * edge], 3, &edges.vectors[3 * kept]);
            edges.distances[kept++] = edges.distances[edge];
        }
    }
    edges.count = kept;
}

}  // namespace

NeighborList::NeighborList(double cutoff, double skin, std::optional<std::int64_t> max_neighbors)
    : cutoff_(cutoff), skin_(skin), max_neighbors_(max_neighbors) {
    if (!(skin >= 0 && std::isfinite(skin))) {
        throw Error(ErrorCode::argument,
                    "skin is " + number(skin) + "; use a length in Angstrom of 0 or more.");
    }
}

bool NeighborList::candidates_cover(const Atoms &atoms, const Cell &cell,
                                    const Periodic &periodic) const {
    if (3 * atoms.count != positions_.size() || periodic != periodic_ || cell != cell_)
        return false;
    const double limit = skin_ * skin_ / 4;
    for (std::size_t i = 0; i < positions_.size(); i += 3) {
        const double x = atoms.positions[i] - positions_[i];
        const double y = atoms.positions[i + 1] - positions_[i + 1];
        const double z = atoms.positions[i + 2] - positions_[i + 2];
        if (!(x * x + y * y + z * z <= limit)) return false;
    }
    return true;
}

void NeighborList::search(const Atoms &atoms, const Cell &cell, const Periodic &periodic) {
    positions_.clear();  // an error on the way leaves no candidates, not old ones
    const auto pairs = search_pairs(atoms, cell, periodic, cutoff_ + skin_ + rounding);
    targets_.resize(pairs.size());
    sources_.resize(pairs.size());
    offsets_.assign(3 * pairs.size(), 0.0);
    for (std::size_t p = 0; p < pairs.size(); ++p) {
        targets_[p] = pairs[p].target;
        sources_[p] = pairs[p].source;
        for (int axis = 0; axis < 3; ++axis) {
            if (pairs[p].shift[axis] == 0) continue;  // unused cell vectors need not be numbers
            for (int x = 0; x < 3; ++x) {
                offsets_[3 * p + x] += static_cast<double>(pairs[p].shift[axis]) * cell[axis][x];
            }
        }
    }
    cell_ = cell;
    periodic_ = periodic;
    positions_.assign(atoms.positions, atoms.positions + 3 * atoms.count);
    ++searches_;
}

template <class Real>
void NeighborList::update(const Atoms &atoms, const Cell &cell, const Periodic &periodic,
                          EdgeBuffer<Real> &edges) {
    check_positions(atoms);
    if (!candidates_cover(atoms, cell, periodic)) search(atoms, cell, periodic);

    // Targets are written behind room for all candidates, and moved up once E is known.
    const std::size_t candidates = targets_.size();
    edges.index.resize(2 * candidates + 1);
    edges.vectors.resize(3 * candidates + 1);
    edges.distances.resize(candidates + 1);
    if (max_neighbors_) distances_.resize(candidates);
    edges.count = 0;
    const double limit = cutoff_ * cutoff_;
    for (std::size_t p = 0; p < candidates; ++p) {
        const double *source = atoms.positions + 3 * sources_[p];
        const double *target = atoms.positions + 3 * targets_[p];
        const double *offset = &offsets_[3 * p];
        const double x = source[0] - target[0] + offset[0];
        const double y = source[1] - target[1] + offset[1];
        const double z = source[2] - target[2] + offset[2];
        const double square = x * x + y * y + z * z;
        if (!(square < limit)) continue;
        const double distance = std::sqrt(square);
        if (distance <= coincident) refuse_coinciding(sources_[p], targets_[p], distance);
        const std::size_t e = edges.count++;
        edges.index[e] = sources_[p];
        edges.index[candidates + e] = targets_[p];
        edges.vectors[3 * e] = static_cast<Real>(x);
        edges.vectors[3 * e + 1] = static_cast<Real>(y);
        edges.vectors[3 * e + 2] = static_cast<Real>(z);
        edges.distances[e] = static_cast<Real>(distance);
        if (max_neighbors_) distances_[e] = distance;
    }
    if (max_neighbors_) {
        keep_nearest(edges, distances_, candidates, static_cast<std::size_t>(*max_neighbors_),
                     nearest_);
    }
    std::copy_n(edges.index.begin() + static_cast<std::ptrdiff_t>(candidates), edges.count,
                edges.index.begin() + static_cast<std::ptrdiff_t>(edges.count));
}

template void NeighborList::update(const Atoms &, const Cell &, const Periodic &,
                                   EdgeBuffer<float> &);
template void NeighborList::update(const Atoms &, const Cell &, const Periodic &,
                                   EdgeBuffer<double> &);

}  // namespace sezm
