// The network at the points of the sphere of each atom, in an eSCN layer; see export/FORMAT.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "escn_shape.hpp"
#include "parallel_for.hpp"
#include "product.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr std::int64_t ATOMS_PER_PART = 8;  // of the work of a thread

template <class Real>
void points_of_atoms(const PointShape &shape, const PointTensors<Real> &in, Real *out,
                     const ParallelFor &parallel_for) {
    const int C = shape.channels, D = shape.rows, G = shape.points;
    const PackedMatrix<Real> weight(in.weight, C, C, true);
    const Real *none = nullptr;
    const auto activate = [&](std::vector<Real> &values) {
        for (std::size_t i = 0; i < values.size(); i += LANES<Real>) {
            const Vector<Real> x = load(&values[i]);
            store(&values[i], x * sigmoid<Real>(x));
        }
    };
    const std::int64_t parts = (shape.n_atoms + ATOMS_PER_PART - 1) / ATOMS_PER_PART;
    parallel_for(parts, [&](std::int64_t part) {
        std::vector<Real> first(static_cast<std::size_t>(G) * C), second(first.size());
        const std::int64_t end = std::min(shape.n_atoms, (part + 1) * ATOMS_PER_PART);
        for (std::int64_t atom = part * ATOMS_PER_PART; atom < end; ++atom) {
            product(G, C, D, in.to_grid, D, in.features + atom * D * C, C, none, 0, first.data(),
                    C);
            activate(first);
            weight.multiply(G, first.data(), C, none, 0, second.data(), C);
            activate(second);
            product(D, C, G, in.from_grid, G, second.data(), C, none, 0, out + atom * D * C, C);
        }
    });
}

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
