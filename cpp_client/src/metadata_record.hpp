/// The JSON record of a file, checked once: nothing after it meets a value of a wrong kind.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sezm {

/// Check every value of a record of this format's version; the signature is for the contract.
///
/// @param path named in errors
///
/// Throws Error (file): a key is unknown or missing, or a value not what the format has.
void check_record(const nlohmann::json &record, const std::string &path);

}  // namespace sezm
