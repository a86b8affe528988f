// Tensors of the edge stage of a block (export/FORMAT.md, "Functions").
//
// Slots of weight zero are left out: they change no sum, and gradients there are left at zero.
#pragma once

#include <cstdint>

namespace sezm::kernels {

// What both directions read; row-major, notation of export/FORMAT.md.
template <class Real>
struct EdgeTensors {
    const std::int64_t *source;  // [S] atom of each slot
    const std::int64_t *target;  // [S / 4] atom of each row; equal ones lie together
    const Real *features;        // [A, r D, C]
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

}  // namespace sezm::kernels
