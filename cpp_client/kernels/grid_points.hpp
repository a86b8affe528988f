// What kernels take for granted of the points of a grid unit.
#pragma once

#include <cmath>

#include "grid_unit.hpp"

namespace sezm::kernels {

// Whether the values at point i + G/2 are those at point i or their opposites, as GridShape says.
template <class Real>
bool opposite_points_are_in_halves(const GridShape &shape, const GridTensors<Real> &in) {
    constexpr Real TOLERANCE = Real(1e-4);  // of numbers of order 1 that were rounded to Real
    const int half_of_points = shape.points / 2;
    for (int k = 0; k <= shape.kmax; ++k) {
        const int n_rows = shape.rows_of(k), n_values = shape.values_of(k);
        for (int l = k; l <= shape.lmax; ++l) {
            for (int sign = 0; sign < (k == 0 ? 1 : 2); ++sign) {
                const int half = GridShape::half_of(k, l, sign);
                for (int i = l * l; i < (l + 1) * (l + 1); ++i) {
                    const int row = k == 0 ? i : 2 * (i - k * k) + sign;
                    for (int value = 0; value < n_values; ++value) {
                        const int opposite = value + half_of_points;
                        if (value / half_of_points % 2 == 1) continue;
                        const bool is_v = value >= shape.points;
                        const Real parity = (half == 1) != is_v ? Real(-1) : Real(1);
                        const Real to = in.to_grid[k][opposite * n_rows + row] -
                                        parity * in.to_grid[k][value * n_rows + row];
                        const Real from = in.from_grid[k][row * n_values + opposite] -
                                          parity * in.from_grid[k][row * n_values + value];
                        if (std::abs(to) > TOLERANCE || std::abs(from) > TOLERANCE) return false;
                    }
                }
            }
        }
    }
    return true;
}

}  // namespace sezm::kernels
