// Sizes of an edge stage, from the shapes of its tensors.
#pragma once

#include <cstdint>

namespace sezm::kernels {

constexpr int ROW_WIDTH = 4;       // slots per row, as in neighbor_rows.py
constexpr int CHANNEL_UNIT = 16;   // C is a multiple
constexpr int HIGHEST_DEGREE = 8;  // lmax is no higher

// Notation of export/FORMAT.md: degrees up to lmax, orders up to mmax, C channels.
struct AnySizes {
    int lmax = 0, mmax = 0, channels = 0, rank = 1;
    bool per_channel = false;  // ``radial`` multiplies degrees and channels, else it mixes degrees
};

// The same with degrees and orders known to the compiler, and rank 1.
template <int LMAX, int MMAX>
struct FixedDegrees {
    static constexpr int lmax = LMAX, mmax = MMAX, rank = 1;
    int channels = 0;
    bool per_channel = false;
};

template <class Sizes>
struct BasicEdgeShape : Sizes {
    using SizesType = Sizes;
    std::int64_t n_atoms = 0, n_slots = 0;  // A, S
    int n_layers = 0;

    constexpr std::int64_t n_rows_of_slots() const { return n_slots / ROW_WIDTH; }  // R
    constexpr int n_packed() const { return (this->lmax + 1) * (this->lmax + 1); }  // D
    constexpr int sum_size() const { return n_packed() * this->channels; }
    constexpr int feature_size() const { return n_feature_rows() * this->channels; }
    constexpr int wigner_size() const { return n_orders() * n_packed(); }
    constexpr int n_feature_rows() const { return this->rank * n_packed(); }  // r D
    constexpr int n_orders() const { return 2 * this->mmax + 1; }             // 0, -1, +1, ...
    constexpr int order(int o) const { return (o + 1) / 2; }                  // |m| of the o-th
    constexpr int degrees_of(int m) const { return this->lmax - m + 1; }      // that have order m
    constexpr int first_row(int o) const {                                    // of the o-th order
        const int m = order(o);
        int rows = 0;
        for (int i = 0; i < m; ++i) rows += (i == 0 ? 1 : 2) * degrees_of(i);
        return o > 0 && o % 2 == 0 ? rows + degrees_of(m) : rows;
    }
    constexpr int n_rows() const { return first_row(n_orders()); }  // of a message
    constexpr int order_width(int o) const { return degrees_of(order(o)) * this->channels; }
    constexpr int width() const { return n_rows() * this->channels; }  // numbers of a message
    constexpr int first_kernel(int m) const {                          // entry of ``radial``
        int entries = 0;
        for (int i = 0; i < m; ++i) entries += degrees_of(i) * degrees_of(i);
        return entries;
    }
    constexpr int radial_width() const {  // numbers of ``radial`` per slot
        return this->per_channel ? (this->lmax + 1) * this->channels
                                 : this->rank * first_kernel(this->mmax + 1);
    }
};

using EdgeShape = BasicEdgeShape<AnySizes>;

// The same with sizes that the compiler need not know.
template <class Sizes>
EdgeShape any_sizes(const BasicEdgeShape<Sizes> &shape) {
    return {{shape.lmax, shape.mmax, shape.channels, shape.rank, shape.per_channel},
            shape.n_atoms,
            shape.n_slots,
            shape.n_layers};
}

}  // namespace sezm::kernels
