#include "zip_directory.hpp"

#include <algorithm>
#include <cstdint>
#include <istream>

namespace sezm {
namespace {

constexpr std::size_t end_record_size = 22;  // without its comment
constexpr std::size_t longest_comment = 65535;
constexpr std::size_t header_size = 46;  // of one member, without its name

std::uint32_t number(const std::string &bytes, std::size_t at, int width) {
    std::uint32_t value = 0;
    for (int byte = width - 1; byte >= 0; --byte) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + byte]);
    }
    return value;
}

std::string read(std::istream &file, std::uint64_t at, std::size_t length) {
    std::string bytes(length, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(at));
    file.read(bytes.data(), static_cast<std::streamsize>(length));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

}  // namespace

std::vector<ZipMember> zip_members(std::istream &file) {
    file.seekg(0, std::ios::end);
    const auto size = static_cast<std::uint64_t>(file.tellg());
    const std::size_t searched = std::min<std::uint64_t>(size, end_record_size + longest_comment);
    const std::string tail = read(file, size - searched, searched);
    const std::size_t end = tail.rfind("PK\x05\x06");
    if (end == std::string::npos || end + end_record_size > tail.size()) return {};

    // Sizes beyond 32 bits stand elsewhere (zip64), but a directory of names never is that large.
    const std::uint64_t length = number(tail, end + 12, 4), start = number(tail, end + 16, 4);
    const std::uint64_t end_position = size - searched + end;
    const std::uint64_t begin = start == 0xFFFFFFFF ? end_position - length : start;
    if (length > size || begin > size - length) return {};

    std::vector<ZipMember> members;
    const std::string directory = read(file, begin, length);
    for (std::size_t at = 0; at + header_size <= directory.size();) {
        if (directory.compare(at, 4, "PK\x01\x02") != 0) break;
        const std::size_t name = number(directory, at + 28, 2);
        if (at + header_size + name > directory.size()) break;
        members.push_back({directory.substr(at + header_size, name),
                           number(directory, at + 10, 2) != 0, number(directory, at + 24, 4)});
        at += header_size + name + number(directory, at + 30, 2) + number(directory, at + 32, 2);
    }
    return members;
}

}  // namespace sezm
