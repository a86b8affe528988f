// What kernels take for granted of the points of a grid unit.
#pragma once

#include <cmath>

#include "grid_unit.hpp"

namespace sezm::kernels {

// Numbers that one coefficient has at the points: of frame 0 each value, of frames -k and +k the
// length of (u, v), whose direction depends on the roll of the frame at that point.
template <class Real>
struct NumbersAtPoints {
    const Real *first;
    int step;    // from a value to the next
    int points;  // G
    bool is_pair;

    Real at(int point) const {
        const Real u = first[point * step];
        return is_pair ? std::hypot(u, first[(point + points) * step]) : u;
    }
};

// Whether points 2 i and 2 i + 1 are opposite to each other: degrees are even or odd, so values
// there are the same or opposite.
template <class Real>
bool opposite_points_are_in_pairs(const GridShape &shape, const GridTensors<Real> &in) {
    constexpr Real TOLERANCE = Real(1e-4);  // of numbers of order 1 that were rounded to Real
    for (int k = 0; k <= shape.kmax; ++k) {
        const int n_rows = shape.rows_of(k), n_values = shape.values_of(k);
        for (int row = 0; row < n_rows; ++row) {
            const int degree = k == 0 ? static_cast<int>(std::sqrt(row + 0.5)) : 0;
            const Real parity = degree % 2 == 0 ? Real(1) : Real(-1);
            const NumbersAtPoints<Real> to{in.to_grid[k] + row, n_rows, shape.points, k > 0};
            const NumbersAtPoints<Real> from{in.from_grid[k] + row * n_values, 1, shape.points,
                                             k > 0};
            for (int point = 0; point < shape.points; point += 2) {
                if (std::abs(to.at(point + 1) - parity * to.at(point)) > TOLERANCE ||
                    std::abs(from.at(point + 1) - parity * from.at(point)) > TOLERANCE)
                    return false;
            }
        }
    }
    return true;
}

}  // namespace sezm::kernels
