// Compiled once per instruction set, each time with another SEZM_KERNEL_ISA.
#include "kernels.hpp"

#include <type_traits>

#include "edge_backward.hpp"
#include "escn_forward.hpp"
#include "escn_points.hpp"
#include "grid_backward.hpp"
#include "grid_forward.hpp"
#include "row_interpreter.hpp"
#include "sum_rows.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <int VALUE>
using Constant = std::integral_constant<int, VALUE>;

template <class Shape>
using SizesOf = typename std::decay_t<Shape>::SizesType;

// Calls ``work`` with the shape and the channels that are in registers at a time.
template <class Sizes, class Work>
void with_channels(const BasicEdgeShape<Sizes> &shape, const Work &work) {
    constexpr int MORE = 2 * CHANNEL_UNIT;
    if (shape.channels % MORE == 0) {
        work(shape, Constant<MORE>{});
    } else {
        work(shape, Constant<CHANNEL_UNIT>{});
    }
}

// The same with these degrees as constants; false if the shape has others.
template <int LMAX, int MMAX, class Work>
bool with_degrees(const EdgeShape &shape, const Work &work) {
    using Sizes = FixedDegrees<LMAX, MMAX>;
    if (shape.lmax != LMAX || shape.mmax != MMAX || shape.rank != Sizes::rank) return false;
    with_channels(
        BasicEdgeShape<Sizes>{
            {shape.channels, shape.per_channel}, shape.n_atoms, shape.n_slots, shape.n_layers},
        work);
    return true;
}

// In single precision, in which simulations run, low degrees are constants: their rows are short,
// and what surrounds the arithmetic counts.
template <class Real, class Work>
void with_sizes(const EdgeShape &shape, const Work &work) {
    if constexpr (std::is_same_v<Real, float>) {
        if (with_degrees<1, 1>(shape, work) || with_degrees<2, 1>(shape, work)) return;
        with_channels(shape, work);
    } else {
        work(shape, Constant<CHANNEL_UNIT>{});
    }
}

template <class Real>
void forward(const EdgeShape &given, const EdgeTensors<Real> &in, const SourceRows &sources,
             Real *sums, Real *const *saved, const ParallelFor &parallel_for) {
    with_sizes<Real>(given, [&](const auto &shape, auto channels) {
        using Forward = EdgeForward<Real, SizesOf<decltype(shape)>, decltype(channels)::value>;
        Forward(shape, in, sources, sums, saved).run(parallel_for);
    });
}

template <class Real>
void backward(const EdgeShape &given, const EdgeTensors<Real> &in, const SourceRows &sources,
              const Real *const *saved, const Real *grad_sums, Real *grad_features,
              Real *grad_wigner, Real *grad_radial, Real *grad_weight,
              const ParallelFor &parallel_for) {
    const EdgeGradients<Real> grad{grad_features, grad_wigner, grad_radial, grad_weight};
    with_sizes<Real>(given, [&](const auto &shape, auto channels) {
        using Backward = EdgeBackward<Real, SizesOf<decltype(shape)>, decltype(channels)::value>;
        Backward(shape, in, sources, saved, grad_sums, grad).run(parallel_for);
    });
}

template <class Real>
void grid_forward(const GridShape &shape, const GridTensors<Real> &in, Real *y, Real *const *saved,
                  const ParallelFor &parallel_for) {
    GridForward<Real>(shape, in, y, saved).run(parallel_for);
}

template <class Real>
void grid_backward(const GridShape &shape, const GridTensors<Real> &in, const Real *const *saved,
                   const Real *grad, Real *const *gradients, const ParallelFor &parallel_for) {
    GridBackward<Real>(shape, in, saved, grad, gradients).run(parallel_for);
}

template <class Real>
std::shared_ptr<const void> escn_maps(const EscnShape &shape, const EscnWeights<Real> &weights) {
    return std::make_shared<const EscnMaps<Real>>(shape, weights);
}

template <class Real>
void escn(const EscnShape &shape, const EscnTensors<Real> &in, const void *maps, Real *workspace,
          Real *sums, const ParallelFor &parallel_for) {
    EscnForward<Real>(shape, in, *static_cast<const EscnMaps<Real> *>(maps), workspace, sums)
        .run(parallel_for);
}

template <class Real>
void run_rows(const RowProgram &program, const RowTensors<Real> &tensors,
              const ParallelFor &parallel_for) {
    RowInterpreter<Real>(program, tensors).run(parallel_for);
}

template <class Real>
constexpr Kernels<Real> all() {
    return {forward<Real>,         backward<Real>,  grid_forward<Real>,
            grid_backward<Real>,   escn_maps<Real>, escn<Real>,
            points_of_atoms<Real>, sum_rows<Real>,  run_rows<Real>};
}

extern const Kernels<float> float_kernels = all<float>();
extern const Kernels<double> double_kernels = all<double>();

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
