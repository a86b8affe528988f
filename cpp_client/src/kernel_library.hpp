/// Where the operators lie that ONNX Runtime may use in place of stock ones (kernels/).
#pragma once

#include <string>
#include <vector>

namespace sezm {

/// Path of libsezm_kernels; empty for none. The variable SEZM_KERNELS names it, or says "off";
/// without it, the library beside this code is taken, if there is one.
///
/// Throws Error (backend): SEZM_KERNELS names a file that does not exist.
std::string kernel_library();

/// Whether kernels of this library, which ONNX Runtime has loaded, compute messages of atoms: those
/// of a file with functions of these names. They are most of the work then.
bool computes_messages(const std::string &library, const std::vector<std::string> &functions);

}  // namespace sezm
