#include "tight_box.hpp"

#include <algorithm>
#include <numeric>

#include "vector3.hpp"

namespace sezm {
namespace {

constexpr double margin = 1e-3;           // gaps keep the radius plus this, clear of rounding
constexpr double smallest_volume = 1e-6;  // over the product of the edge lengths: below, flat
constexpr double furthest_wrap = 1e9;     // cell vectors

[[noreturn]] void refuse_flat(const Periodic &periodic) {
    std::string directions;
    for (int axis = 0; axis < 3; ++axis) {
        if (periodic[axis])
            directions += (directions.empty() ? "" : ", ") + std::string(1, "abc"[axis]);
    }
    throw Error(ErrorCode::structure, "the structure is periodic along " + directions +
                                          ", but the cell has no volume there; set a cell, or "
                                          "make it not periodic.");
}

/// A unit vector normal to `a`, which has a length.
Vector3 any_normal(const Vector3 &a) {
    const auto magnitude = [](double x, double y) { return std::abs(x) < std::abs(y); };
    const auto smallest = std::min_element(a.begin(), a.end(), magnitude) - a.begin();
    Vector3 unit{};
    unit[smallest] = 1;
    const Vector3 normal = cross(a, unit);
    return scaled(normal, 1 / norm(normal));
}

/// The cell with unit vectors, normal to the periodic ones and each other, along the other axes.
Cell completed(const Cell &cell, const Periodic &periodic) {
    Cell axes = cell;
    Vector3 lengths;
    std::vector<int> free;
    for (int axis = 0; axis < 3; ++axis) {
        lengths[axis] = periodic[axis] ? norm(cell[axis]) : 1.0;
        if (!std::isfinite(lengths[axis])) {
            throw Error(ErrorCode::structure, "the cell has entries that are not finite numbers.");
        }
        if (lengths[axis] == 0) refuse_flat(periodic);
        if (!periodic[axis]) free.push_back(axis);
    }
    if (free.size() == 3) return {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
    if (free.size() == 2) {
        const Vector3 &kept = axes[3 - free[0] - free[1]];
        axes[free[0]] = any_normal(kept);
        axes[free[1]] = scaled(cross(kept, axes[free[0]]), 1 / norm(kept));
    }
    if (free.size() == 1) {
        const Vector3 normal = cross(axes[(free[0] + 1) % 3], axes[(free[0] + 2) % 3]);
        if (norm(normal) > 0) axes[free[0]] = scaled(normal, 1 / norm(normal));
    }
    if (std::abs(determinant(axes)) <= smallest_volume * lengths[0] * lengths[1] * lengths[2]) {
        refuse_flat(periodic);
    }
    return axes;
}

/// Close all gaps above `widest` in coordinates along one axis; returns the new length of the axis.
/// Those of a periodic axis are in [0, 1], its length is 1.
double squeeze(std::vector<double> &fractions, bool periodic, double widest) {
    std::vector<std::size_t> order(fractions.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return fractions[a] < fractions[b]; });
    const double first = fractions[order.front()], last = fractions[order.back()];
    double previous = first, excess = 0;
    for (const std::size_t atom : order) {
        excess += std::max(fractions[atom] - previous - widest, 0.0);
        previous = fractions[atom];
        fractions[atom] -= first + excess;
    }
    const double span = fractions[order.back()];
    return span + (periodic ? std::min(1.0 - (last - first), widest) : widest);
}

/// Fractional coordinates along one axis, wrapped into [0, 1) if it is periodic.
std::vector<double> wrapped(const Atoms &atoms, const Vector3 &row, bool periodic, int axis,
                            std::vector<std::int64_t> &wraps) {
    std::vector<double> fractions(atoms.count);
    for (std::size_t atom = 0; atom < atoms.count; ++atom) {
        const double *position = atoms.positions + 3 * atom;
        fractions[atom] = dot({position[0], position[1], position[2]}, row);
        if (!periodic) continue;
        const double wrap = std::floor(fractions[atom]);
        if (!(std::abs(wrap) < furthest_wrap)) {
            throw Error(ErrorCode::structure, "atom " + std::to_string(atom) +
                                                  " lies more than 1e9 cells outside; wrap the "
                                                  "atoms into the cell.");
        }
        fractions[atom] -= wrap;
        wraps[3 * atom + axis] = static_cast<std::int64_t>(wrap);
    }
    return fractions;
}

}  // namespace

TightBox tight_box(const Atoms &atoms, const Cell &cell, const Periodic &periodic, double radius) {
    const Cell axes = completed(cell, periodic);
    const Cell rows = reciprocal(axes);
    TightBox box;
    box.positions.assign(3 * atoms.count, 0.0);
    box.wraps.assign(3 * atoms.count, 0);
    for (int axis = 0; axis < 3; ++axis) {
        const double height = 1 / norm(rows[axis]);
        auto fractions = wrapped(atoms, rows[axis], periodic[axis], axis, box.wraps);
        const double length = squeeze(fractions, periodic[axis], (radius + margin) / height);
        box.cell[axis] = scaled(axes[axis], length);
        box.heights[axis] = height * length;
        for (std::size_t atom = 0; atom < atoms.count; ++atom) {
            for (int x = 0; x < 3; ++x) {
                box.positions[3 * atom + x] += fractions[atom] * axes[axis][x];
            }
        }
    }
    return box;
}

}  // namespace sezm
