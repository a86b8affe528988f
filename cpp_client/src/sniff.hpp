/// What kind of file is this? Told by its content, never by its name.
#pragma once

#include <string>

#include "sezm/sezm.hpp"

namespace sezm {

/// The engine that a model file needs.
///
/// Throws Error (file): missing, a folder, empty, truncated, or of a kind that cannot be run.
Backend sniff(const std::string &path);

}  // namespace sezm
