// Features of an atom in the frame of an edge, radially modulated, and the way back (sezm.md
// 3.7.4). Of order o, |m|, with rows D of the Wigner matrices and features X of rank q,
//
//     local[o, l, q] = sum_j D[o, l, j] X[q, l, j]
//     message[o, p] = sum_(l, q) k[|m|, l, p, q] local[o, l, q]
//
// or, where radial features act per channel, message[o, l] = rho[l] local[o, l].
#pragma once

#include <vector>

#include "edge_shape.hpp"
#include "edge_tables.hpp"
#include "simd.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

// So many CHANNELS, of which C is a multiple, are in registers at a time.
template <class Real, class Sizes, int CHANNELS>
class EdgeRotation {
  public:
    using Shape = BasicEdgeShape<Sizes>;
    using Block = Vector<Real>[CHANNELS / LANES<Real>];

    explicit EdgeRotation(const Shape &shape) : shape_(shape), rows_(shape) {}

    // What a thread needs.
    struct Scratch {
        explicit Scratch(const Shape &shape)
            : local(shape.n_rows() * shape.rank * CHANNELS),
              gradient(shape.n_rows() * shape.rank * CHANNELS),
              wigner(padded<Real>(shape.wigner_size())),
              radial(padded<Real>(shape.radial_width())),
              sums(padded<Real>(shape.radial_width())) {}
        std::vector<Real> local, gradient;
        std::vector<Vector<Real>> wigner, radial;  // gradients, by lane; zero where l < |m|
        std::vector<Real> sums;
    };

    void forward(const Real *features, const Real *wigner, const Real *radial, Real *message,
                 Scratch &s) const {
        const int C = shape_.channels;
        for (int c = 0; c < C; c += CHANNELS) {
            if (shape_.per_channel) {
                rows_.for_each([&](auto row) {
                    Block sums, rho;
                    rotated(row, 0, features + c, wigner, sums);
                    get(radial + row.degree * C + c, rho);
                    for (int i = 0; i < V; ++i) sums[i] *= rho[i];
                    put(sums, message + row.place * C + c);
                });
            } else {
                rotate(features + c, wigner, s);
                rows_.for_each([&](auto row) {
                    Block sums = {};
                    for (int l = 0; l < row.n_degrees; ++l) {
                        for (int q = 0; q < shape_.rank; ++q) {
                            add(radial[(row.entry + l * row.n_degrees) * shape_.rank + q],
                                &s.local[((row.of_order + l) * shape_.rank + q) * CHANNELS], sums);
                        }
                    }
                    put(sums, message + row.place * C + c);
                });
            }
        }
    }

    // Gradients, given that of the message: adds to those of features and Wigner rows, whose
    // padded share is given, and writes those of the radial features.
    void back(const Real *features, const Real *wigner, const Real *radial, const Real *gradient,
              Real *grad_features, Real *grad_wigner, Real *grad_radial, Scratch &s) const {
        const int C = shape_.channels;
        for (int c = 0; c < C; c += CHANNELS) {
            rotate(features + c, wigner, s);
            if (shape_.per_channel) {
                through_scaling(radial + c, gradient + c, grad_radial + c, s);
            } else {
                through_mixing(radial, gradient + c, c == 0, s);
            }
            through_rotation(features + c, wigner, grad_features + c, c == 0, s);
        }
        add_sums(s.wigner, grad_wigner);
        if (shape_.per_channel) return;
        std::fill(s.sums.begin(), s.sums.end(), Real(0));
        add_sums(s.radial, s.sums.data());
        std::copy_n(s.sums.begin(), shape_.radial_width(), grad_radial);
    }

    // Adds the sum of each vector to a number.
    static void add_sums(const std::vector<Vector<Real>> &vectors, Real *to) {
        for (std::size_t i = 0; i < vectors.size(); i += n)
            store(to + i, load(to + i) + sums<Real>(&vectors[i]));
    }

    // Blocks of channels.
    static void get(const Real *from, Block &block) {
        for (int i = 0; i < V; ++i) block[i] = load(from + i * n);
    }

    static void put(const Block &block, Real *to) {
        for (int i = 0; i < V; ++i) store(to + i * n, block[i]);
    }

    static void add(Real factor, const Real *from, Block &to) {
        const Vector<Real> factors = broadcast(factor);
        for (int i = 0; i < V; ++i) to[i] += factors * load(from + i * n);
    }

    static Vector<Real> overlap(const Block &block, const Real *with) {
        Vector<Real> total = block[0] * load(with);
        for (int i = 1; i < V; ++i) total += block[i] * load(with + i * n);
        return total;
    }

  private:
    static constexpr int n = LANES<Real>;
    static constexpr int V = CHANNELS / n;

    template <class Row>
    void rotated(Row row, int q, const Real *features, const Real *wigner, Block &sums) const {
        const int C = shape_.channels;
        const Real *from = features + (q * shape_.n_packed() + row.packed) * C;
        for (int i = 0; i < V; ++i) sums[i] = broadcast(wigner[row.wigner]) * load(from + i * n);
        for (int j = 1; j < row.count; ++j) add(wigner[row.wigner + j], from + j * C, sums);
    }

    void rotate(const Real *features, const Real *wigner, Scratch &s) const {
        rows_.for_each([&](auto row) {
            for (int q = 0; q < shape_.rank; ++q) {
                Block sums;
                rotated(row, q, features, wigner, sums);
                put(sums, &s.local[(row.place * shape_.rank + q) * CHANNELS]);
            }
        });
    }

    // s.gradient: of s.local.
    void through_scaling(const Real *radial, const Real *gradient, Real *grad_radial,
                         Scratch &s) const {
        const int C = shape_.channels;
        for (int l = 0; l <= shape_.lmax; ++l) {
            Block total = {}, rho;
            get(radial + l * C, rho);
            rows_.for_each_of_degree(l, [&](auto row) {
                const int at = row.place * CHANNELS;
                for (int i = 0; i < V; ++i) {
                    const Vector<Real> value = load(gradient + row.place * C + i * n);
                    total[i] += value * load(&s.local[at + i * n]);
                    store(&s.gradient[at + i * n], value * rho[i]);
                }
            });
            put(total, grad_radial + l * C);
        }
    }

    void through_mixing(const Real *radial, const Real *gradient, bool is_first, Scratch &s) const {
        const int C = shape_.channels, r = shape_.rank;
        rows_.for_each([&](auto row) {
            Block grad;
            get(gradient + row.place * C, grad);
            // Orders -m and +m share the kernel.
            const bool begins = is_first && (row.order == 0 || row.order % 2 == 1);
            for (int l = 0; l < row.n_degrees; ++l) {
                for (int q = 0; q < r; ++q) {
                    const int entry = (row.entry + l * row.n_degrees) * r + q;
                    const Vector<Real> product =
                        overlap(grad, &s.local[((row.of_order + l) * r + q) * CHANNELS]);
                    Vector<Real> &total = s.radial[entry];
                    total = begins ? product : total + product;
                }
            }
        });
        rows_.for_each([&](auto row) {  // from degree l to all degrees p
            const int l = row.place - row.of_order, first = row.entry - l;
            for (int q = 0; q < r; ++q) {
                Block sums = {};
                for (int p = 0; p < row.n_degrees; ++p) {
                    add(radial[(first + l * row.n_degrees + p) * r + q],
                        gradient + (row.of_order + p) * C, sums);
                }
                put(sums, &s.gradient[(row.place * r + q) * CHANNELS]);
            }
        });
    }

    void through_rotation(const Real *features, const Real *wigner, Real *grad_features,
                          bool is_first, Scratch &s) const {
        const int C = shape_.channels, r = shape_.rank, D = shape_.n_packed();
        for (int q = 0; q < r; ++q) {
            rows_.for_each([&](auto row) {
                Block grad;
                get(&s.gradient[(row.place * r + q) * CHANNELS], grad);
                for (int j = 0; j < row.count; ++j) {
                    const Vector<Real> product =
                        overlap(grad, features + (q * D + row.packed + j) * C);
                    Vector<Real> &total = s.wigner[row.wigner + j];
                    total = is_first && q == 0 ? product : total + product;
                }
            });
            for (int l = 0; l <= shape_.lmax; ++l) {
                for (int j = 0; j < 2 * l + 1; ++j) {
                    Real *to = grad_features + (q * D + l * l + j) * C;
                    Block total;
                    get(to, total);
                    rows_.for_each_of_degree(l, [&](auto row) {
                        add(wigner[row.wigner + j], &s.gradient[(row.place * r + q) * CHANNELS],
                            total);
                    });
                    put(total, to);
                }
            }
        }
    }

    const Shape &shape_;
    EdgeRows<Sizes> rows_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
