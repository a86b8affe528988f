// All kernels, for the instruction set of this processor.
#pragma once

#include <memory>

#include "edge_messages.hpp"
#include "edge_shape.hpp"
#include "escn_shape.hpp"
#include "grid_unit.hpp"
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
    // A gated product of two fields of each atom, between layers. ``y`` [N, D, C]; ``saved``, for
    // the way back: of each k [rows of a field, N, H], or null.
    void (*grid)(const GridShape &, const GridTensors<Real> &, Real *y, Real *const *saved,
                 const ParallelFor &);
    // ``grad`` [N, D, C] given; results are like the features.
    void (*grid_back)(const GridShape &, const GridTensors<Real> &, const Real *const *saved,
                      const Real *grad, Real *const *gradients, const ParallelFor &);
    // Weights of the messages of an eSCN layer, for any number of calls.
    std::shared_ptr<const void> (*escn_maps)(const EscnShape &, const EscnWeights<Real> &);
    // These messages, ``sums`` [A, D, C]; ``workspace`` as long as the shape says.
    void (*escn)(const EscnShape &, const EscnTensors<Real> &, const void *maps, Real *workspace,
                 Real *sums, const ParallelFor &);
    // The network at the points of the sphere of each atom, ``out`` [A, D, C].
    void (*points)(const PointShape &, const PointTensors<Real> &, Real *out, const ParallelFor &);
    // ``sums`` [size, width].
    void (*sum_rows)(const SegmentSums<Real> &, Real *sums, const ParallelFor &);
    // A program that acts on each row alone.
    void (*rows)(const RowProgram &, const RowTensors<Real> &, const ParallelFor &);
};

template <class Real>
const Kernels<Real> &kernels();

}  // namespace sezm::kernels
