/// Where the operators lie that ONNX Runtime may use in place of stock ones (kernels/).
#pragma once

#include <string>

namespace sezm {

/// Path of libsezm_kernels; empty for none. The variable SEZM_KERNELS names it, or says "off";
/// without it, the library beside this code is taken, if there is one.
///
/// Throws Error (backend): SEZM_KERNELS names a file that does not exist.
std::string kernel_library();

}  // namespace sezm
