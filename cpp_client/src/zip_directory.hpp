/// What is in a zip archive, without unpacking anything.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace sezm {

/// One member, as the central directory has it.
struct ZipMember {
    std::string name;
    bool is_packed;      ///< rather than stored as it is
    std::uint64_t size;  ///< unpacked, bytes; of 4 GiB and more, 4 GiB - 1
};

/// The members of an archive; none if it is truncated or damaged.
std::vector<ZipMember> zip_members(std::istream &file);

}  // namespace sezm
