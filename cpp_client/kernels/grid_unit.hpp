// Tensors and sizes of a grid unit: a gated product of two fields of an atom, between layers
// (export/FORMAT.md, "Functions").
#pragma once

#include <cstdint>

namespace sezm::kernels {

constexpr int HIGHEST_FRAME = 2;  // K that products are compiled for

// Notation of export/FORMAT.md.
//
// Opposite points n and -n share their arithmetic. Choosing the roll at -n such that its frame is
// that of n, turned by pi about a line across, values of degree l change there by (-1)^l in the
// frames 0 and +k, by -(-1)^l in -k. So a field has two halves: even values, the same at n and -n,
// and odd ones. Of frame 0, f0 of even degrees is even. Of frames -k and +k, u_k is even and v_k
// odd for coefficients (l even, +k) and (l odd, -k), and the reverse for the others.
//
// Rows of a field: of each k those of either half, degree by degree. Values of a field, at the
// first of each two opposite points: of f0 the two halves, of each k u and v of either half.
struct GridShape {
    std::int64_t n_atoms = 0;  // N
    int n_inputs = 1, lmax = 0, kmax = 0;
    int channels = 0, hidden = 0, width = 0, points = 0;  // C, H, P, G

    int n_packed() const { return (lmax + 1) * (lmax + 1); }  // D
    int rows_of(int k) const {                                // with frames -k and +k
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
    // Which half degree l has in frame 0, or in frame -k (sign 0) or +k (sign 1).
    static int half_of(int k, int l, int sign) { return k == 0 ? l % 2 : (l + sign + 1) % 2; }
    int rows_of_half(int k, int half) const {
        int rows = 0;
        for (int l = k; l <= lmax; ++l) {
            for (int sign = 0; sign < (k == 0 ? 1 : 2); ++sign)
                rows += half_of(k, l, sign) == half ? 2 * l + 1 : 0;
        }
        return rows;
    }
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
