/// What the native code of a compiled file is bound to, and whether this machine offers it.
#pragma once

#include <string>

namespace sezm {

/// Why a file cannot run here, as a sentence with the remedy; "" if it can.
///
/// `metadata_json` is its record, `torch` the version of the libtorch in use ("2.13.0"). Throws
/// Error (file) if the record does not say what the file is bound to.
std::string obstacle(const std::string &metadata_json, const std::string &path,
                     const std::string &torch, const std::string &device);

}  // namespace sezm
