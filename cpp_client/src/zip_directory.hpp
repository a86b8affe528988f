/// Names of the members of a zip archive, without unpacking anything.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sezm {

/// Member names from the central directory; empty if the archive is truncated or damaged.
std::vector<std::string> zip_member_names(std::istream &file);

}  // namespace sezm
