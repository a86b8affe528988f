#include "pair_search.hpp"

#include <vesin.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "tight_box.hpp"

namespace sezm {
namespace {

constexpr double vesin_cells = 1e5;  // vesin coarsens its grid above this number of cells

/// vesin's list, freed whatever happens.
struct Found : VesinNeighborList {
    Found() = default;
    Found(const Found &) = delete;
    Found &operator=(const Found &) = delete;
    ~Found() { vesin_free(this); }
};

/// The radius, or a larger one where vesin's grid would get an axis of zero cells.
///
/// vesin 0.6.2 scales a grid of more than 1e5 cells down in proportion, and divides by zero (which
/// ends the process) if the shortest axis ends below one cell: sparse structures hundreds of
/// nanometres wide and thin.
double safe_radius(const TightBox &box, double radius) {
    for (;; radius *= 1.5) {
        double product = 1, fewest = vesin_cells;
        for (const double height : box.heights) {
            const double cells = std::max(std::floor(height / radius), 1.0);
            product *= cells;
            fewest = std::min(fewest, cells);
        }
        const double scale = std::cbrt(vesin_cells / product);
        if (scale >= 1 || fewest * scale >= 2) return radius;
    }
}

void search(const TightBox &box, std::size_t count, double radius, Found &found) {
    VesinOptions options{};
    options.cutoff = safe_radius(box, radius);
    options.full = true;
    options.sorted = true;
    options.algorithm = VesinAutoAlgorithm;
    options.n_threads = 1;
    options.return_shifts = true;
    const bool periodic[3] = {true, true, true};
    const char *message = nullptr;
    const int status =
        vesin_neighbors(reinterpret_cast<const double (*)[3]>(box.positions.data()), count,
                        reinterpret_cast<const double (*)[3]>(box.cell.data()), periodic,
                        VesinDevice{VesinCPU, 0}, options, &found, &message);
    if (status != 0) {
        throw Error(ErrorCode::internal, std::string("the neighbour search failed (") +
                                             (message != nullptr ? message : "vesin") + ").");
    }
}

}  // namespace

std::vector<Pair> search_pairs(const Atoms &atoms, const Cell &cell, const Periodic &periodic,
                               double radius) {
    const TightBox box = tight_box(atoms, cell, periodic, radius);
    Found found;
    search(box, atoms.count, radius, found);
    std::vector<Pair> pairs;
    pairs.reserve(found.length);
    for (std::size_t p = 0; p < found.length; ++p) {
        // Across the space that stands for an axis without periodicity lies nobody; vesin, asked
        // for a larger radius, looks that far.
        const auto &box_shift = found.shifts[p];
        bool real = true;
        for (int axis = 0; axis < 3; ++axis)
            real = real && (periodic[axis] || box_shift[axis] == 0);
        if (!real) continue;
        const std::size_t target = found.pairs[p][0], source = found.pairs[p][1];
        Pair pair{static_cast<std::int64_t>(target), static_cast<std::int64_t>(source), {}};
        for (int axis = 0; axis < 3; ++axis) {
            pair.shift[axis] =
                box_shift[axis] + box.wraps[3 * target + axis] - box.wraps[3 * source + axis];
        }
        pairs.push_back(pair);
    }
    const auto before = [](const Pair &a, const Pair &b) {
        return std::tie(a.source, a.shift) < std::tie(b.source, b.shift);
    };
    for (auto first = pairs.begin(); first != pairs.end();) {  // vesin has sorted by target
        const auto last = std::find_if(
            first, pairs.end(), [&](const Pair &pair) { return pair.target != first->target; });
        std::sort(first, last, before);
        first = last;
    }
    return pairs;
}

}  // namespace sezm
