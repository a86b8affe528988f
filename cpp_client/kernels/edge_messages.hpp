// The edge stage of a block, tile after tile of edges (export/FORMAT.md, "Functions").
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "edge_shape.hpp"

namespace sezm::kernels {

// Calls its argument with 0 .. n-1, from any threads.
using ParallelFor = std::function<void(std::int64_t n, const std::function<void(std::int64_t)> &)>;

// What both directions read; row-major, notation of export/FORMAT.md.
template <class Real>
struct EdgeTensors {
    const std::int64_t *source;  // [S] atom of each slot
    const std::int64_t *target;  // [S / 4] atom of each row; equal ones lie together
    const Real *features;        // [A, P, C]
    const Real *wigner;          // [S, n_orders, D]
    const Real *radial;          // [S, radial_width]
    const Real *weight;          // [S]
    const Real *const *layers;   // see SO2Layers
};

// Rows of edges with equal source; ``atom`` is for the way back alone.
struct SourceRows {
    std::int64_t n_rows;       // Q
    const std::int64_t *slot;  // [4 Q]; the last slot, which is empty, stands for none
    const std::int64_t *atom;  // [Q]; rows of equal source lie together
};

// Slots of weight zero are left out: they change no sum, and gradients there are left at zero.
template <class Real>
struct EdgeKernels {
    // ``sums`` [A, D, C]; ``saved``, for the way back: of each layer, of each order, slots by
    // source [S, order_width], or null.
    void (*forward)(const EdgeShape &, const EdgeTensors<Real> &, const SourceRows &, Real *sums,
                    Real *const *saved, const ParallelFor &);
    // ``grad_sums`` [A, D, C] given; the results are like features, wigner, radial and
    // weight.
    void (*backward)(const EdgeShape &, const EdgeTensors<Real> &, const SourceRows &,
                     const Real *const *saved, const Real *grad_sums, Real *grad_features,
                     Real *grad_wigner, Real *grad_radial, Real *grad_weight, const ParallelFor &);
};

// Those for the instruction set of this processor.
template <class Real>
const EdgeKernels<Real> &edge_kernels();

}  // namespace sezm::kernels
