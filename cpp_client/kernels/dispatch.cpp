// Chooses the kernels for the instruction set of this processor.
#include "edge_messages.hpp"

namespace sezm::kernels {

#define SEZM_DECLARE(isa)                            \
    namespace isa {                                  \
    extern const EdgeKernels<float> float_kernels;   \
    extern const EdgeKernels<double> double_kernels; \
    }

SEZM_DECLARE(common)
#ifdef SEZM_KERNELS_X86
SEZM_DECLARE(avx2)
SEZM_DECLARE(avx512)
#endif

template <>
const EdgeKernels<float> &edge_kernels<float>() {
#ifdef SEZM_KERNELS_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return avx512::float_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::float_kernels;
#endif
    return common::float_kernels;
}

template <>
const EdgeKernels<double> &edge_kernels<double>() {
#ifdef SEZM_KERNELS_X86
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq"))
        return avx512::double_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2::double_kernels;
#endif
    return common::double_kernels;
}

}  // namespace sezm::kernels
