#include <nlohmann/json.hpp>

#include "metadata.hpp"
#include "water.hpp"

namespace {

using Json = nlohmann::json;

Json record() { return Json::parse(bundled_metadata().json); }

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
    refused("{\"cutoff\": 1e999}", "not JSON");
    change_refused([](Json &r) { r["format"] = 7; }, "not of a sezm-infer file");
    change_refused([](Json &r) { r["format_version"] = 2; }, "format version 2, but");
    change_refused([](Json &r) { r["format_version"] = "1"; }, "format version \"1\", but");
    change_refused([](Json &r) { r["long_range"] = true; },
                   "the key 'long_range', which this libsezm does not know; the file was written "
                   "by a newer sezm-infer: update libsezm");
    change_refused([](Json &r) { r.erase("cutoff"); }, "incomplete (no cutoff); export it again");
    change_refused([](Json &r) { r["elements"] = {"Qq"}; }, "'Qq' is not a chemical symbol");
}

TEST_CASE("values nested without end are refused") {
    const int depth = 1000000;
    const std::string nested = std::string(depth, '[') + std::string(depth, ']');
    refused("{\"format\": \"sezm-infer\", \"format_version\": " + nested + "}",
            "format version such a list");
    std::string text = record().dump();
    text.insert(1, "\"long_range\": " + nested + ",");
    refused(text, "key 'long_range'");
}

TEST_CASE("values of a wrong kind are named") {
    const auto named = [](const char *key, const Json &value, const char *message) {
        change_refused([&](Json &r) { r[key] = value; },
                       ("malformed (" + std::string(key) + " is " + message).c_str());
    };
    named("cutoff", "6", "\"6\"");
    named("cutoff", nullptr, "null");
    named("cutoff", true, "true");
    named("cutoff", 0, "0");
    named("cutoff", -1.5, "-1.5");
    named("cutoff", 1e300, "1e+300");
    named("message_passing_steps", true, "true");
    named("message_passing_steps", 2.0, "2.0");
    named("message_passing_steps", -1, "-1");
    named("message_passing_steps", 18446744073709551615u, "18446744073709551615");
    named("elements", "OH", "\"OH\"");
    named("elements", {1, 8}, "such a list");
    named("dtype", "float16", "\"float16\"");
    named("dtype", {"float32"}, "such a list");
    named("forces_kind", nullptr, "null");
    named("forces_kind", "none", "\"none\"");
    named("static_sizes", {{"atoms", 3}}, "such an object");
    named("static_sizes", {{"atoms", -1}, {"edges", 1}, {"systems", 1}}, "such an object");
    named("static_sizes", {{"atoms", 1e3}, {"edges", 1}, {"systems", 1}}, "such an object");
    named("static_sizes", {{"atoms", 1}, {"edges", 1000000000000}, {"systems", 1}}, "such an");
    named("inputs", nullptr, "null");
    named("outputs", {3}, "such a list");
    named("outputs", {{{"name", "energy"}}}, "such a list");
    named("input_defaults", nullptr, "null");
    named("input_defaults", Json::array(), "such a list");
    named("input_defaults", {{"fparam", {1, "2", 3}}}, "such an object");
    named("whole_system", 1, "1");
    named("stages", {{{"carried", 3}}}, "such a list");
    named("max_neighbors", 0, "0");
    named("max_neighbors", 1e3, "1000.0");
    named("versions", Json::array(), "such a list");
    named("verification", nullptr, "null");
    named("summary", {{"heads", "one"}}, "such an object");
    named("family", 7, "7");
}

TEST_CASE("static files for several systems are refused") {
    change_refused(
        [](Json &r) { r["static_sizes"] = {{"atoms", 3}, {"edges", 1}, {"systems", 2}}; },
        "several systems");
}

TEST_CASE("signatures that would be misread are refused") {
    const Json magic = {{"name", "magic"}, {"shape", {"B", 1}}, {"dtype", "real"}, {"unit", ""}};
    change_refused([&](Json &r) { r["inputs"].push_back(magic); },
                   "the input 'magic', which this libsezm does not know");
    change_refused([&](Json &r) { r["outputs"].push_back(magic); }, "the output 'magic'");
    change_refused([](Json &r) { r["inputs"] = Json::array(); }, "'pos' is missing");
    change_refused([](Json &r) { r["inputs"][0]["dtype"] = "int64"; }, "'pos'");
    change_refused([](Json &r) { r["inputs"].erase(2); }, "'batch'");
    change_refused([](Json &r) { r["outputs"][1]["shape"] = {"N", 4}; }, "'forces'");
    change_refused([](Json &r) { r["outputs"][1]["shape"] = {"N"}; }, "'forces'");
    change_refused([](Json &r) { r["outputs"][1]["shape"] = {24, 3}; }, "'forces'");
    change_refused([](Json &r) { std::swap(r["outputs"][0], r["outputs"][1]); }, "'energy'");
    change_refused([](Json &r) { r["inputs"].push_back(r["inputs"][0]); }, "'pos' is there twice");
    change_refused(
        [](Json &r) {
            r["inputs"].push_back(
                {{"name", "wigner"}, {"shape", {"E", 9, 9}}, {"dtype", "real"}, {"unit", ""}});
        },
        "export without --wigner input");
}

TEST_CASE("static files may name their sizes in shapes") {
    Json changed = record();
    changed["static_sizes"] = {{"atoms", 3}, {"edges", 40}, {"systems", 1}};
    const Json letters = changed;
    for (const char *specs : {"inputs", "outputs"}) {
        for (Json &spec : changed[specs]) {
            for (Json &length : spec["shape"]) {
                if (length == "N") length = 3;
                if (length == "E") length = 40;
                if (length == "B") length = 1;
            }
        }
    }
    for (const Json &each : {letters, changed}) {
        const sezm::Metadata metadata = sezm::parse_metadata(each.dump(), "FILE");
        CHECK(metadata.static_sizes->atoms == 3);
        CHECK(metadata.inputs[0].shape == std::vector<std::string>{"N", "3"});
        CHECK(metadata.inputs[4].shape == std::vector<std::string>{"2", "E"});
        CHECK(metadata.outputs[2].shape == std::vector<std::string>{"B", "3", "3"});
    }
    changed["inputs"][0]["shape"] = {4, 3};
    refused(changed.dump(), "'pos'");
}

TEST_CASE("optional inputs, defaults and limits are read") {
    Json changed = record();
    changed["inputs"].push_back(
        {{"name", "charge"}, {"shape", {"B", 1}}, {"dtype", "real"}, {"unit", ""}});
    changed["inputs"].push_back(
        {{"name", "fparam"}, {"shape", {"B", 4}}, {"dtype", "real"}, {"unit", ""}});
    changed["input_defaults"] = {{"fparam", {1, 2, 3, 4}}};
    changed["input_values"] = {{"charge", {-1, 0}}};
    changed["max_neighbors"] = 20;
    const sezm::Metadata metadata = sezm::parse_metadata(changed.dump(), "FILE");
    CHECK(metadata.inputs.back().shape == std::vector<std::string>{"B", "4"});
    CHECK(metadata.input_defaults.at("fparam")[3] == 4);
    CHECK(metadata.input_values.at("charge").size() == 2);
    CHECK(metadata.max_neighbors == 20);
    for (const Json &defaults : {Json{{"fparam", {1, 2}}}, Json{{"aparam", {1}}}}) {
        changed["input_defaults"] = defaults;
        refused(changed.dump(), "which is not what the file takes");
    }
    changed["input_values"] = {{"fparam", {1, 2, 3, 4}}};
    refused(changed.dump(), "input_values has values for fparam");
}
