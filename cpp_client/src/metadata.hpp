/// The JSON record that every exported file carries about itself.
#pragma once

#include <string>

#include "sezm/sezm.hpp"

namespace sezm {

/// Read the record found in the file `path` (named in errors).
///
/// Throws Error (file): not a record of this format and version, or one that makes no sense.
Metadata parse_metadata(const std::string &json, const std::string &path);

}  // namespace sezm
