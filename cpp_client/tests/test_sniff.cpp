#include "model_file.hpp"
#include "sniff.hpp"
#include "water.hpp"

namespace {

/// An archive of which only the central directory is there: one packed member.
std::string bomb(std::uint32_t unpacked) {
    const auto number = [](std::uint32_t value, int width) {
        std::string bytes;
        for (int byte = 0; byte < width; ++byte) bytes += static_cast<char>(value >> (8 * byte));
        return bytes;
    };
    const std::string name = "a/code/b.py";
    const std::string member = "PK\x01\x02" + std::string(6, '\0') + number(8, 2) +
                               std::string(12, '\0') + number(unpacked, 4) +
                               number(static_cast<std::uint32_t>(name.size()), 2) +
                               std::string(16, '\0') + name;
    const std::string start = "PK\x03\x04" + std::string(60, '\0');
    return start + member + "PK\x05\x06" + std::string(8, '\0') +
           number(static_cast<std::uint32_t>(member.size()), 4) +
           number(static_cast<std::uint32_t>(start.size()), 4) + std::string(2, '\0');
}

void refused(const std::string &path, const char *text) {
    require_error([&] { sezm::sniff(path); }, sezm::ErrorCode::file, text);
}

void content_refused(const std::string &content, const char *text) {
    const TemporaryFile file(content);
    refused(file.path(), text);
}

}  // namespace

TEST_CASE("the content tells the engine") {
    CHECK(sezm::sniff(MODEL) == sezm::Backend::onnxruntime);
}

TEST_CASE("what is no model is refused by name") {
    refused("/nonexistent", "no such file");
    refused("/", "a folder");
    refused("/dev/zero", "not readable");
    refused(std::string(5000, 'x'), "no such file");
    refused(CHECKPOINT, "a checkpoint; run 'sezm export'");
    content_refused("", "empty");
    content_refused("hello", "not a model");
    content_refused("PK\x03\x04 and nothing more", "truncated or damaged");
}

TEST_CASE("a zip archive that ends anywhere is refused") {
    const std::string whole = content_of(CHECKPOINT);
    for (std::size_t length = 70; length < whole.size(); length += whole.size() / 7) {
        content_refused(whole.substr(0, length), "truncated or damaged");
    }
    std::string lying = whole;
    const std::size_t end = lying.rfind("PK\x05\x06");
    for (std::size_t byte = 12; byte < 20; ++byte) lying[end + byte] = '\x7f';
    content_refused(lying, "truncated or damaged");
}

TEST_CASE("an archive that unpacks to gigabytes is refused") {
    CHECK(sezm::sniff(TemporaryFile(bomb(300000)).path()) == sezm::Backend::torchscript);
    content_refused(bomb(0x7FFFFFFF), "unpacks to too much");
    content_refused(bomb(0xFFFFFFFF), "unpacks to too much");
}
