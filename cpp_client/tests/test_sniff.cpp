#include "model_file.hpp"
#include "sniff.hpp"
#include "water.hpp"

namespace {

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
