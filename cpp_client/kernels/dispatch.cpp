// Chooses the kernels for the instruction set of this processor.
#include "kernels.hpp"

namespace sezm::kernels {

#define SEZM_DECLARE(isa)                        \
    namespace isa {                              \
    extern const Kernels<float> float_kernels;   \
    extern const Kernels<double> double_kernels; \
    }

SEZM_DECLARE(common)
#ifdef SEZM_KERNELS_X86
SEZM_DECLARE(avx2)
SEZM_DECLARE(avx512)
#endif

#ifdef SEZM_KERNELS_X86
static bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

template <>
const Kernels<float> &kernels<float>() {
#ifdef SEZM_KERNELS_X86
    if (has_avx512()) return avx512::float_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::float_kernels;
#endif
    return common::float_kernels;
}

template <>
const Kernels<double> &kernels<double>() {
#ifdef SEZM_KERNELS_X86
    if (has_avx512()) return avx512::double_kernels;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return avx2::double_kernels;
#endif
    return common::double_kernels;
}

}  // namespace sezm::kernels
