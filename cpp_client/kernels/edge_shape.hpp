// Sizes of an edge stage, from the shapes of its tensors.
#pragma once

#include <cstdint>

namespace sezm::kernels {

constexpr int ROW_WIDTH = 4;  // slots per row, as in neighbor_rows.py

// Notation of export/FORMAT.md: degrees up to lmax, orders up to mmax, C channels.
struct EdgeShape {
    std::int64_t n_atoms = 0, n_slots = 0;  // A, S
    int lmax = 0, mmax = 0, channels = 0, rank = 1, n_layers = 0;
    int radial_width = 0;      // numbers of ``radial`` per slot
    bool per_channel = false;  // ``radial`` multiplies degrees and channels, else it mixes degrees

    std::int64_t n_rows_of_slots() const { return n_slots / ROW_WIDTH; }  // R
    int n_packed() const { return (lmax + 1) * (lmax + 1); }              // D
    int sum_size() const { return n_packed() * channels; }
    int feature_size() const { return n_feature_rows() * channels; }
    int wigner_size() const { return n_orders() * n_packed(); }
    int n_feature_rows() const { return rank * n_packed(); }  // P
    int n_orders() const { return 2 * mmax + 1; }             // 0, -1, +1, ...
    int order(int o) const { return (o + 1) / 2; }            // |m| of the o-th
    int degrees_of(int m) const { return lmax - m + 1; }      // that have order m
    int first_row(int o) const {                              // of the o-th order
        const int m = order(o);
        int rows = 0;
        for (int i = 0; i < m; ++i) rows += (i == 0 ? 1 : 2) * degrees_of(i);
        return o > 0 && o % 2 == 0 ? rows + degrees_of(m) : rows;
    }
    int n_rows() const { return first_row(2 * mmax + 1); }  // of a message
    int order_width(int o) const { return degrees_of(order(o)) * channels; }
    int width() const { return n_rows() * channels; }  // numbers of a message
    int first_kernel(int m) const {                    // entry of ``radial``
        int entries = 0;
        for (int i = 0; i < m; ++i) entries += degrees_of(i) * degrees_of(i);
        return entries;
    }
};

}  // namespace sezm::kernels
