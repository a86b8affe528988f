#include "sniff.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "zip_directory.hpp"

namespace sezm {
namespace {

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
    const std::vector<std::string> names = zip_member_names(file);
    const auto any = [&](const char *part) {
        return std::any_of(names.begin(), names.end(), [&](const std::string &name) {
            return name.find(part) != std::string::npos;
        });
    };
    if (names.empty()) refuse(path, "truncated or damaged (its table of contents is missing)");
    if (any("/code/")) return Backend::torchscript;
    if (any("/aotinductor/")) return Backend::aotinductor;
    if (any("data.pkl")) refuse(path, "a checkpoint; run 'sezm export' on it first");
    refuse(path, "a zip archive without a model in it");
}

}  // namespace

Backend sniff(const std::string &path) {
    if (std::filesystem::is_directory(path)) refuse(path, "a folder, not a file");
    std::ifstream file(path, std::ios::binary);
    if (!file) refuse(path, "no such file, or not readable");
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
