// Compiled once per instruction set, each time with another SEZM_KERNEL_ISA.
#include "kernels.hpp"

#include "edge_backward.hpp"
#include "escn_forward.hpp"
#include "escn_points.hpp"
#include "row_interpreter.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

template <class Real>
void forward(const EdgeShape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
             Real *sums, Real *const *saved, const ParallelFor &parallel_for) {
    EdgeForward<Real>(shape, in, sources, sums, saved).run(parallel_for);
}

template <class Real>
void backward(const EdgeShape &shape, const EdgeTensors<Real> &in, const SourceRows &sources,
              const Real *const *saved, const Real *grad_sums, Real *grad_features,
              Real *grad_wigner, Real *grad_radial, Real *grad_weight,
              const ParallelFor &parallel_for) {
    const EdgeGradients<Real> grad{grad_features, grad_wigner, grad_radial, grad_weight};
    EdgeBackward<Real>(shape, in, sources, saved, grad_sums, grad).run(parallel_for);
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

extern const Kernels<float> float_kernels{forward<float>, backward<float>,        escn_maps<float>,
                                          escn<float>,    points_of_atoms<float>, run_rows<float>};
extern const Kernels<double> double_kernels{forward<double>,         backward<double>,
                                            escn_maps<double>,       escn<double>,
                                            points_of_atoms<double>, run_rows<double>};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
