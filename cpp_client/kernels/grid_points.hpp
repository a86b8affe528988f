// What kernels take for granted of the points of a grid unit.
#pragma once

#include <cmath>

#include "grid_unit.hpp"

namespace sezm::kernels {

// Numbers that one coefficient has at the points: of frame 0 a value at each, of frames -k and +k
// u and v, whose length alone does not depend on the roll of the frame there.
template <class Real>
struct NumbersAtPoints {
    const Real *first;
    int step;    // from a value to the next
    int points;  // G
    bool is_pair;

    // Whether this point and the next one have the same, or for parity -1 opposite values, or the
    // same lengths.
    bool agree(int point, Real parity) const {
        constexpr Real TOLERANCE = Real(1e-4);  // of numbers of order 1 that were rounded to Real
        if (!is_pair)
            return !(std::abs(first[(point + 1) * step] - parity * first[point * step]) >
                     TOLERANCE);
        // Of squares, |a - b| is |sqrt(a) - sqrt(b)| times a sum that is at least sqrt(a + b).
        const Real a = squared(point), b = squared(point + 1), difference = a - b;
        return !(difference * difference > TOLERANCE * TOLERANCE * (a + b));
    }

  private:
    Real squared(int point) const {
        const Real u = first[point * step], v = first[(point + points) * step];
        return u * u + v * v;
    }
};

// Whether points 2 i and 2 i + 1 are opposite to each other: degrees are even or odd, so values
// there are the same or opposite.
template <class Real>
bool opposite_points_are_in_pairs(const GridShape &shape, const GridTensors<Real> &in) {
    for (int k = 0; k <= shape.kmax; ++k) {
        const int n_rows = shape.rows_of(k), n_values = shape.values_of(k);
        for (int row = 0; row < n_rows; ++row) {
            const int degree = k == 0 ? static_cast<int>(std::sqrt(row + 0.5)) : 0;
            const Real parity = degree % 2 == 0 ? Real(1) : Real(-1);
            const NumbersAtPoints<Real> to{in.to_grid[k] + row, n_rows, shape.points, k > 0};
            const NumbersAtPoints<Real> from{in.from_grid[k] + row * n_values, 1, shape.points,
                                             k > 0};
            for (int point = 0; point < shape.points; point += 2) {
                if (!to.agree(point, parity) || !from.agree(point, parity)) return false;
            }
        }
    }
    return true;
}

}  // namespace sezm::kernels
