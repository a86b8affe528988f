// First linear maps in the frames of edges, made of atoms before their features are rotated.
//
// A rotation mixes the orders within a degree, weights mix degrees and channels: for order m
//     sum_l W_lm (D^l x^l)_m = sum_l sum_m' D^l_mm' (W_lm x^l_m'),
// so products with weights are made once for an atom, not for each of its edges.
#pragma once

#include <algorithm>
#include <vector>

#include "escn_edges.hpp"
#include "escn_shape.hpp"
#include "joined_product.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// Hidden layers of n edges, of each order [n, signs, parts, H].
template <class Real>
struct HiddenLayers {
    Real *values;
    std::int64_t n;

    Real *of(const EscnShape &shape, int m, std::int64_t edge) const {
        return values +
               (shape.first_hidden(m) * n + shape.signs(m) * shape.signs(m) * edge) * shape.hidden;
    }
};

template <class Real>
class EscnFirst {
  public:
    struct Scratch {
        std::vector<Real> features, rotations, table;
    };

    // Of the shape only what weights tell is read.
    EscnFirst(const EscnShape &shape, const EscnOrder<Real> *weights) : shape_(shape) {
        const int C = shape.channels, H = shape.hidden;
        std::vector<Real> of_degree(static_cast<std::size_t>(H) * C);
        for (int m = 0; m < shape.n_orders(); ++m) {
            for (int part = 0; part < shape.signs(m); ++part) {
                const int ld = shape.degrees_of(m) * C;
                for (int l = m; l <= shape.degree; ++l) {
                    const Real *from = weights[m].first[part] + (l - m) * C;
                    for (int h = 0; h < H; ++h)
                        std::copy_n(from + static_cast<std::ptrdiff_t>(h) * ld, C,
                                    &of_degree[static_cast<std::size_t>(h) * C]);
                    weights_.emplace_back(of_degree.data(), C, H, true);
                }
            }
        }
    }

    // Of the edges of a block, in ``out`` from the edge ``at`` on.
    void write(const EscnTensors<Real> &in, const EscnBlock &block, const EscnEdges &edges,
               Scratch &s, const HiddenLayers<Real> &out, std::int64_t at) const {
        const int C = shape_.channels, H = shape_.hidden;
        const int n = static_cast<int>(block.atoms.size());
        gather(in.features, block, s);
        s.table.resize(static_cast<std::size_t>(n) * shape_.n_feature_rows() * H);
        const PackedMatrix<Real> *weight = weights_.data();
        for (int m = 0; m < shape_.n_orders(); ++m) {
            rotations(m, in.wigner, block, edges, s);
            for (int part = 0; part < shape_.signs(m); ++part) {
                for (int l = m; l <= shape_.degree; ++l) {
                    const std::ptrdiff_t row = static_cast<std::ptrdiff_t>(n) * l * l;
                    weight++->multiply(n * (2 * l + 1), &s.features[row * C], C, nullptr, 0,
                                       &s.table[row * H], H);
                }
                rotate(m, part, block, s, out, at);
            }
        }
    }

  private:
    // Features of the block's atoms, degree by degree.
    void gather(const Real *features, const EscnBlock &block, Scratch &s) const {
        const int C = shape_.channels;
        s.features.resize(block.atoms.size() * shape_.n_feature_rows() * C);
        Real *to = s.features.data();
        for (int l = 0; l <= shape_.degree; ++l) {
            for (const std::int64_t atom : block.atoms) {
                const Real *from = features + (atom * shape_.n_feature_rows() + l * l) * C;
                to = std::copy_n(from, (2 * l + 1) * C, to);
            }
        }
    }

    // Rows of order m in the matrices of the block's edges, [edges, signs, (degree+1)^2 - m^2].
    void rotations(int m, const Real *matrices, const EscnBlock &block, const EscnEdges &edges,
                   Scratch &s) const {
        const int size = shape_.rotation_size(m), D = shape_.n_packed();
        s.rotations.resize(static_cast<std::size_t>(block.n_edges()) * shape_.signs(m) * size);
        Real *to = s.rotations.data();
        if (shape_.degree == 0) {  // scalars are the same in every frame
            std::fill(s.rotations.begin(), s.rotations.end(), Real(1));
            return;
        }
        for (std::int64_t position = block.begin(); position < block.first.back(); ++position) {
            const Real *wigner = matrices + edges.edge[position] * shape_.n_rows() * D;
            for (int sign = 0; sign < shape_.signs(m); ++sign) {
                for (int l = m; l <= shape_.degree; ++l)
                    to = std::copy_n(wigner + shape_.row(m, sign, l) * D + l * l, 2 * l + 1, to);
            }
        }
    }

    void rotate(int m, int part, const EscnBlock &block, const Scratch &s,
                const HiddenLayers<Real> &out, std::int64_t at) const {
        constexpr int n = LANES<Real>;
        const int H = shape_.hidden, size = shape_.rotation_size(m), signs = shape_.signs(m);
        const auto n_atoms = static_cast<std::ptrdiff_t>(block.atoms.size());
        std::vector<Rows<Real>> parts;
        for (std::ptrdiff_t a = 0; a < n_atoms; ++a) {
            parts.clear();
            for (int l = m; l <= shape_.degree; ++l)
                parts.push_back({&s.table[(n_atoms * l * l + a * (2 * l + 1)) * H], H, 2 * l + 1});
            const std::int64_t first = block.first[a] - block.begin();
            const int rows = static_cast<int>(block.first[a + 1] - block.first[a]) * signs;
            const Real *rotation = &s.rotations[first * signs * size];
            Real *to = out.of(shape_, m, at + first) + part * H;
            const int ld = signs * H, n_parts = static_cast<int>(parts.size());
            int c = 0;
            for (; c + 2 * n <= H; c += 2 * n)
                joined_product<Real, 2>(rows, rotation, size, parts.data(), n_parts, c,
                                        static_cast<const Real *>(nullptr), 0, to + c, ld);
            for (; c < H; c += n)
                joined_product<Real, 1>(rows, rotation, size, parts.data(), n_parts, c,
                                        static_cast<const Real *>(nullptr), 0, to + c, ld);
        }
    }

    EscnShape shape_;
    std::vector<PackedMatrix<Real>> weights_;  // of each order, part and degree
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
