#include "sniff.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "zip_directory.hpp"

namespace sezm {
namespace {

// Programs are packed (a third of a MB is usual), weights are not: more than this is an attack.
constexpr std::uint64_t most_unpacked = 256 << 20;

constexpr const char *expected = "; expected an .onnx, .pt or .pt2 file written by 'sezm export'.";

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw Error(ErrorCode::file, path + ": " + what + expected);
}

bool starts_with(const std::string &text, const std::string &start) {
    return text.compare(0, start.size(), start) == 0;
}

/// Field 1 of a protobuf message (the IR version), a small number, then a field of ModelProto.
bool is_onnx(const std::string &head) {
    const std::string fields = "\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x14\x19\x1a";
    return head.size() >= 3 && head[0] == 0x08 && (head[1] & 0x80) == 0 &&
           fields.find(static_cast<char>(static_cast<unsigned char>(head[2]) >> 3)) !=
               std::string::npos;
}

Backend sniff_zip(std::istream &file, const std::string &path) {
    const std::vector<ZipMember> members = zip_members(file);
    const auto any = [&](const char *part) {
        return std::any_of(members.begin(), members.end(), [&](const ZipMember &member) {
            return member.name.find(part) != std::string::npos;
        });
    };
    if (members.empty()) refuse(path, "truncated or damaged (its table of contents is missing)");
    std::uint64_t unpacked = 0;
    for (const ZipMember &member : members) unpacked += member.is_packed ? member.size : 0;
    if (unpacked > most_unpacked) refuse(path, "an archive that unpacks to too much");
    if (any("/code/")) return Backend::torchscript;
    if (any("/aotinductor/")) return Backend::aotinductor;
    if (any("data.pkl")) refuse(path, "a checkpoint; run 'sezm export' on it first");
    refuse(path, "a zip archive without a model in it");
}

}  // namespace

Backend sniff(const std::string &path) {
    std::error_code unreadable;
    const auto status = std::filesystem::status(path, unreadable);
    if (std::filesystem::is_directory(status)) refuse(path, "a folder, not a file");
    std::ifstream file;
    if (std::filesystem::is_regular_file(status)) file.open(path, std::ios::binary);
    if (!file.is_open()) refuse(path, "no such file, or not readable");
    std::string head(64, '\0');
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    if (head.empty()) refuse(path, "the file is empty");
    if (starts_with(head, "PK\x03\x04")) return sniff_zip(file, path);
    if (starts_with(head, "\x80\x02")) refuse(path, "a checkpoint; run 'sezm export' on it first");
    if (is_onnx(head)) return Backend::onnxruntime;
    refuse(path, "not a model");
}

}  // namespace sezm
