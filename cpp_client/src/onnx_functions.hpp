/// Which functions an ONNX file has. ONNX Runtime tells only once a session is open.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sezm {

/// Their names, in the order of the file; "" of those without one. None of a truncated or damaged
/// file, which ONNX Runtime refuses with reasons.
///
/// The graph and its weights are passed over, not read.
std::vector<std::string> onnx_functions(std::istream &file);

}  // namespace sezm
