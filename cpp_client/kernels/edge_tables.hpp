// Where the elements of rotations and radial kernels go, listed once per call.
#pragma once

#include <vector>

#include "edge_shape.hpp"

namespace sezm::kernels {

// A row of a message: order o, degree l. Its share of D is ``count`` elements.
struct MessageRow {
    int degree;
    int order;   // o
    int within;  // row of the order's own tensor, from degree |m|
    int packed;  // first packed row of degree l
    int wigner;  // first element in ``wigner`` of a slot
    int count;   // 2 l + 1
};

// Part of a row of K [M, P], which rotates features to the edge frame and mixes their degrees
// (sezm.md 3.7.4): K[(o, p), (q, l, j)] = k[|m|, l, p, q] D^l[m, j], zero where l < |m|.
struct MixingBlock {
    int row, column;  // of K
    int entry;        // of the kernel
    int wigner;       // first element
    int count;        // 2 l + 1
};

struct EdgeTables {
    std::vector<MessageRow> rows;
    std::vector<MixingBlock> blocks;

    explicit EdgeTables(const EdgeShape &shape) {
        const int D = shape.n_packed();
        for (int o = 0; o < shape.n_orders(); ++o) {
            const int m = shape.order(o), degrees = shape.degrees_of(m);
            for (int p = m; p <= shape.lmax; ++p) {
                const int row = static_cast<int>(rows.size());
                rows.push_back({p, o, p - m, p * p, o * D + p * p, 2 * p + 1});
                for (int l = m; l <= shape.lmax; ++l) {
                    for (int q = 0; q < shape.rank; ++q) {
                        const int entry =
                            (shape.first_kernel(m) + (l - m) * degrees + p - m) * shape.rank + q;
                        blocks.push_back({row, q * D + l * l, entry, o * D + l * l, 2 * l + 1});
                    }
                }
            }
        }
    }
};

}  // namespace sezm::kernels
