// From messages in the frames of edges to sums: grid, SiLU, and rotation back.
#pragma once

#include <algorithm>
#include <vector>

#include "escn_shape.hpp"
#include "joined_product.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr int EDGES_ON_GRID = 8;  // whose messages, some channels at a time, stay in the cache

template <class Real>
class EscnSums {
  public:
    struct Scratch {
        explicit Scratch(const EscnShape &shape)
            : values(static_cast<std::size_t>(shape.points) * WIDTH),
              back(static_cast<std::size_t>(EDGES_ON_GRID) * shape.n_rows() * WIDTH),
              rotations(static_cast<std::size_t>(EDGES_ON_GRID) * shape.n_rows() *
                        (2 * shape.lmax + 1)) {}
        std::vector<Real> values, back, rotations;
        std::vector<Rows<Real>> parts;
    };

    EscnSums(const EscnShape &shape, const EscnTensors<Real> &in) : shape_(shape), in_(in) {
        for (int l = 0; l <= shape.lmax; ++l) {
            for (int m = 0; m <= std::min(l, shape.mmax); ++m) {
                for (int sign = 0; sign < shape.signs(m); ++sign) {
                    rows_.push_back(shape.row(m, sign, l));
                    const Real *from = in.from_grid + rows_.back() * shape.points;
                    from_grid_.insert(from_grid_.end(), from, from + shape.points);
                }
            }
        }
    }

    // Adds the messages of ``n`` edges of one atom to its ``sums`` [D, C]. ``messages``: of each
    // edge and order [signs, degrees, C]; ``edges``: their numbers.
    void add(int n, const std::int64_t *edges, const Real *const *messages, Scratch &s,
             Real *sums) const {
        for (; n > 0; n -= EDGES_ON_GRID) {
            const int count = std::min(n, EDGES_ON_GRID);
            pack_rotations(count, edges, s);
            int c = 0;
            for (; c + WIDTH <= shape_.channels; c += WIDTH)
                add_columns<2>(count, c, messages, s, sums);
            for (; c < shape_.channels; c += LANES<Real>)
                add_columns<1>(count, c, messages, s, sums);
            edges += count;
            messages += count * shape_.n_orders();
        }
    }

  private:
    static constexpr int WIDTH = 2 * LANES<Real>;

    // Of each degree [2 l + 1, n, rows of the degree], weighted.
    void pack_rotations(int n, const std::int64_t *edges, Scratch &s) const {
        const int D = shape_.n_packed();
        Real *to = s.rotations.data();
        const int *rows = rows_.data();
        for (int l = 0; l <= shape_.lmax; rows += shape_.rows_of_degree(l), ++l) {
            for (int j = l * l; j < (l + 1) * (l + 1); ++j) {
                for (int t = 0; t < n; ++t) {
                    const Real *wigner = in_.wigner + edges[t] * shape_.n_rows() * D + j;
                    const Real weight = in_.weight[edges[t]];
                    for (int r = 0; r < shape_.rows_of_degree(l); ++r)
                        *to++ = weight * wigner[rows[r] * D];
                }
            }
        }
    }

    template <int VECTORS>
    void add_columns(int n, int column, const Real *const *messages, Scratch &s, Real *sums) const {
        constexpr int width = VECTORS * LANES<Real>;
        const int C = shape_.channels, F = shape_.n_rows(), G = shape_.points;
        const Real *none = nullptr;
        for (int t = 0; t < n; ++t, messages += shape_.n_orders()) {
            s.parts.clear();
            for (int m = 0; m < shape_.n_orders(); ++m)
                s.parts.push_back({messages[m], C, shape_.signs(m) * shape_.degrees_of(m)});
            joined_product<Real, VECTORS>(G, in_.to_grid, shape_.n_message_rows(), s.parts.data(),
                                          shape_.n_orders(), column, none, 0, s.values.data(),
                                          width);
            for (int i = 0; i < G * width; i += LANES<Real>) {
                const Vector<Real> x = load(&s.values[i]);
                store(&s.values[i], x * sigmoid<Real>(x));
            }
            all_rows<Real, VECTORS>(F, G, from_grid_.data(), G, s.values.data(), width, none, 0,
                                    &s.back[static_cast<std::size_t>(t) * F * width], width);
        }
        const Real *rotation = s.rotations.data();
        for (int l = 0, row = 0; l <= shape_.lmax; row += shape_.rows_of_degree(l), ++l) {
            const int count = shape_.rows_of_degree(l);
            s.parts.clear();
            for (int t = 0; t < n; ++t)
                s.parts.push_back({&s.back[(t * F + row) * width], width, count});
            Real *to = sums + l * l * C + column;
            joined_product<Real, VECTORS>(2 * l + 1, rotation, n * count, s.parts.data(), n, 0, to,
                                          C, to, C);
            rotation += (2 * l + 1) * n * count;
        }
    }

    const EscnShape &shape_;
    const EscnTensors<Real> &in_;
    std::vector<int> rows_;        // of the frame, by degree
    std::vector<Real> from_grid_;  // these rows
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
