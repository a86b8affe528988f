// Sizes and tensors of the messages of an eSCN layer (export/FORMAT.md, "Functions").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace sezm::kernels {

// Notation of export/FORMAT.md. Orders m > 0 have two signs, and two parts, real and imaginary.
struct EscnShape {
    std::int64_t n_atoms = 0, n_edges = 0;  // A, E
    int lmax = 0, mmax = 0;
    int degree = 0;  // J, highest of the features given: lmax or 0
    int channels = 0, hidden = 0, edge_channels = 0, points = 0;  // C, H, X, G

    static int signs(int m) { return m == 0 ? 1 : 2; }
    int n_orders() const { return std::min(mmax, degree) + 1; }  // that features have
    int n_packed() const { return (lmax + 1) * (lmax + 1); }     // D
    int n_feature_rows() const { return (degree + 1) * (degree + 1); }
    int degrees_of(int m) const { return lmax - m + 1; }  // that have order m
    int first_row(int m) const {                          // in the frame, of +m
        int rows = 0;
        for (int i = 0; i < m; ++i) rows += signs(i) * degrees_of(i);
        return rows;
    }
    int row(int m, int sign, int l) const { return first_row(m) + sign * degrees_of(m) + l - m; }
    int n_rows() const { return first_row(mmax + 1); }            // F
    int n_message_rows() const { return first_row(n_orders()); }  // F_J
    int rows_of_degree(int l) const { return 1 + 2 * std::min(l, mmax); }
    int rotation_size(int m) const { return n_feature_rows() - m * m; }  // of degrees from m on
    int first_hidden(int m) const {  // hidden layers of lower orders, in units of H
        int count = 0;
        for (int i = 0; i < m; ++i) count += signs(i) * signs(i);
        return count;
    }
    int hidden_width() const { return first_hidden(n_orders()) * hidden; }
    std::size_t workspace() const { return static_cast<std::size_t>(n_edges) * hidden_width(); }
};

// Weights of order m of one end of the edges; of m = 0 there is no imaginary part.
template <class Real>
struct EscnOrder {
    const Real *steering, *bias;     // [signs H, X], [signs H]
    const Real *first[2], *last[2];  // of each part [H, degrees C], [degrees C, H]
};

// Of source and target, by order.
template <class Real>
struct EscnWeights {
    const EscnOrder<Real> *ends[2];
};

// Row-major, notation of export/FORMAT.md.
template <class Real>
struct EscnTensors {
    const std::int64_t *source, *target;  // [E] atoms
    const Real *features;                 // [A, (J+1)^2, C]
    const Real *edge_features;            // [E, X]
    const Real *wigner;                   // [E, F, D]
    const Real *weight;                   // [E]
    const Real *to_grid;                  // [G, F_J]
    const Real *from_grid;                // [F, G]
};

// Sizes of the network at the points of the sphere of each atom.
struct PointShape {
    std::int64_t n_atoms = 0;                // A
    int rows = 0, channels = 0, points = 0;  // D, C, G
};

template <class Real>
struct PointTensors {
    const Real *features;   // [A, D, C]
    const Real *to_grid;    // [G, D]
    const Real *weight;     // [C, C]
    const Real *from_grid;  // [D, G]
};

}  // namespace sezm::kernels
