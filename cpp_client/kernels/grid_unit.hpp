// Tensors and sizes of a grid unit: a gated product of two fields of an atom, between layers
// (export/FORMAT.md, "Functions").
#pragma once

#include <cstdint>

namespace sezm::kernels {

// Notation of export/FORMAT.md. A field has a row for each packed row of frame 0, then, for each
// k > 0 and each degree l >= k, those of frame -k and those of frame +k.
struct GridShape {
    std::int64_t n_atoms = 0;  // N
    int n_inputs = 1, lmax = 0, kmax = 0;
    int channels = 0, hidden = 0, width = 0, points = 0;  // C, H, P, G

    int n_packed() const { return (lmax + 1) * (lmax + 1); }  // D
    int rows_of(int k) const {                                // of a field, with frames -k and +k
        return k == 0 ? n_packed() : 2 * (n_packed() - k * k);
    }
    int values_of(int k) const { return k == 0 ? points : 2 * points; }
    int first_row(int k) const {
        int rows = 0;
        for (int i = 0; i < k; ++i) rows += rows_of(i);
        return rows;
    }
    int first_value(int k) const { return k == 0 ? 0 : (2 * k - 1) * points; }
    int n_rows() const { return first_row(kmax + 1); }
    int n_values() const { return first_value(kmax + 1); }
};

// Row-major; arrays have one matrix for frame 0 and for each k.
template <class Real>
struct GridTensors {
    const Real *features[2];       // x, z [N, D, C]; of one input both are x
    const Real *scalars;           // [C, 2 H]; null with two inputs
    const Real *const *left;       // [L + 1, C, P], then [L + 1 - k, 2, C, P]
    const Real *const *right;      // the same
    const Real *const *to_grid;    // [G, D], then [2 G, 2 D_k]
    const Real *const *from_grid;  // [D, G], then [2 D_k, 2 G]
    const Real *gate;              // [2 H, H]
    const Real *const *second;     // [L + 1, H, C], then [L + 1 - k, 2, H, C]
    const Real *mixing;            // [P, H], or null
};

}  // namespace sezm::kernels
