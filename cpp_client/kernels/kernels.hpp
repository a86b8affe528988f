// All kernels, for the instruction set of this processor.
#pragma once

#include "edge_messages.hpp"
#include "edge_shape.hpp"
#include "parallel_for.hpp"
#include "row_program.hpp"
#include "segment_sums.hpp"

namespace sezm::kernels {

template <class Real>
struct Kernels {
    // The edge stage of a block. ``sums`` [A, D, C]; ``saved``, for the way back: of each layer, of
    // each order, slots by source [S, order_width], or null.
    void (*edges)(const EdgeShape &, const EdgeTensors<Real> &, const SourceRows &, Real *sums,
                  Real *const *saved, const ParallelFor &);
    // ``grad_sums`` [A, D, C] given; the results are like features, wigner, radial and weight.
    void (*edges_back)(const EdgeShape &, const EdgeTensors<Real> &, const SourceRows &,
                       const Real *const *saved, const Real *grad_sums, Real *grad_features,
                       Real *grad_wigner, Real *grad_radial, Real *grad_weight,
                       const ParallelFor &);
    // ``sums`` [size, width].
    void (*sum_rows)(const SegmentSums<Real> &, Real *sums, const ParallelFor &);
    // A program that acts on each row alone.
    void (*rows)(const RowProgram &, const RowTensors<Real> &, const ParallelFor &);
};

template <class Real>
const Kernels<Real> &kernels();

}  // namespace sezm::kernels
