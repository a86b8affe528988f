#include <nlohmann/json.hpp>

#include "metadata.hpp"
#include "water.hpp"

namespace {

using Json = nlohmann::json;

Json record() { return Json::parse(open_model().metadata().json); }

void refused(const std::string &text, const char *message) {
    require_error([&] { sezm::parse_metadata(text, "FILE"); }, sezm::ErrorCode::file, message);
}

template <class Change>
void change_refused(Change change, const char *message) {
    Json changed = record();
    change(changed);
    refused(changed.dump(), message);
}

}  // namespace

TEST_CASE("records of another format are refused") {
    refused("", "not JSON");
    refused("{", "not JSON");
    refused("[]", "not of a sezm-infer file");
    refused(std::string(100000, '['), "not JSON");
    change_refused([](Json &r) { r["format"] = 7; }, "not of a sezm-infer file");
    change_refused([](Json &r) { r["format_version"] = 2; }, "format version 2");
    change_refused([](Json &r) { r["long_range"] = true; }, "key 'long_range'");
    change_refused([](Json &r) { r.erase("cutoff"); }, "incomplete");
    change_refused([](Json &r) { r["elements"] = 3; }, "incomplete");
    change_refused([](Json &r) { r["elements"] = {"Qq"}; }, "'Qq' is not a chemical symbol");
    change_refused([](Json &r) { r["cutoff"] = -1; }, "cutoff");
    change_refused([](Json &r) { r["cutoff"] = 1e300; }, "cutoff");
    change_refused([](Json &r) { r["dtype"] = "float16"; }, "dtype is 'float16'");
    change_refused(
        [](Json &r) {
            r["static_sizes"] = {{"atoms", -1}, {"edges", 1}, {"systems", 1}};
        },
        "static sizes");
}

TEST_CASE("signatures that would be misread are refused") {
    change_refused([](Json &r) { r["inputs"][0]["dtype"] = "int64"; }, "'pos'");
    change_refused([](Json &r) { r["inputs"].erase(2); }, "'batch'");
    change_refused([](Json &r) { r["outputs"][1]["shape"] = {"N", 4}; }, "'forces'");
    change_refused([](Json &r) { std::swap(r["outputs"][0], r["outputs"][1]); }, "'energy'");
    change_refused([](Json &r) { r["inputs"].push_back(r["inputs"][0]); }, "'pos' is unknown");
    change_refused(
        [](Json &r) {
            r["inputs"].push_back(
                {{"name", "wigner"}, {"shape", {"E", 9, 9}}, {"dtype", "real"}, {"unit", ""}});
        },
        "export without --wigner input");
}

TEST_CASE("optional inputs, defaults and limits are read") {
    Json changed = record();
    changed["inputs"].push_back(
        {{"name", "fparam"}, {"shape", {"B", 4}}, {"dtype", "real"}, {"unit", ""}});
    changed["input_defaults"] = {{"fparam", {1, 2, 3, 4}}};
    changed["input_values"] = {{"fparam", {1, 2, 3, 4}}};
    changed["max_neighbors"] = 20;
    const sezm::Metadata metadata = sezm::parse_metadata(changed.dump(), "FILE");
    CHECK(metadata.inputs.back().shape == std::vector<std::string>{"B", "4"});
    CHECK(metadata.input_defaults.at("fparam")[3] == 4);
    CHECK(metadata.input_values.at("fparam").size() == 4);
    CHECK(metadata.max_neighbors == 20);
}
