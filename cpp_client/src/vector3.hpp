/// The few operations on vectors and cells that the search needs.
#pragma once

#include <array>
#include <cmath>

#include "sezm/sezm.hpp"

namespace sezm {

using Vector3 = std::array<double, 3>;

inline double dot(const Vector3 &a, const Vector3 &b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

inline double norm(const Vector3 &a) { return std::sqrt(dot(a, a)); }

inline Vector3 cross(const Vector3 &a, const Vector3 &b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

inline Vector3 scaled(const Vector3 &a, double factor) {
    return {a[0] * factor, a[1] * factor, a[2] * factor};
}

inline double determinant(const Cell &cell) { return dot(cell[0], cross(cell[1], cell[2])); }

/// Rows r_k with r_k . cell[l] = (k == l): fractional coordinates are (r_0 . x, r_1 . x, r_2 . x).
inline Cell reciprocal(const Cell &cell) {
    const double volume = determinant(cell);
    Cell rows;
    for (int k = 0; k < 3; ++k) {
        rows[k] = scaled(cross(cell[(k + 1) % 3], cell[(k + 2) % 3]), 1 / volume);
    }
    return rows;
}

}  // namespace sezm
