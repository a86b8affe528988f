/// Engines, loaded when a file needs them.
#pragma once

#include <memory>
#include <string>

#include "session.hpp"

namespace sezm {

/// Open a file with the engine that its content asks for.
///
/// Throws Error (file, backend, argument).
std::unique_ptr<Session> open_session(const std::string &path, const Options &options);

}  // namespace sezm
