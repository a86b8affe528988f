#include "metadata.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "contract.hpp"

namespace sezm {
namespace {

using Json = nlohmann::json;

constexpr double largest_cutoff = 1000.0;          // Angstrom
constexpr std::int64_t largest_size = 2147483647;  // atoms or edges of a static file

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw Error(ErrorCode::file, path + ": " + what);
}

TensorSpec tensor_spec(const Json &record) {
    TensorSpec spec;
    record.at("name").get_to(spec.name);
    record.at("dtype").get_to(spec.dtype);
    record.at("unit").get_to(spec.unit);
    for (const Json &length : record.at("shape")) {
        spec.shape.push_back(length.is_string() ? length.get<std::string>()
                                                : std::to_string(length.get<std::int64_t>()));
    }
    return spec;
}

std::vector<TensorSpec> tensor_specs(const Json &records) {
    std::vector<TensorSpec> specs;
    for (const Json &record : records) specs.push_back(tensor_spec(record));
    return specs;
}

std::optional<StaticSizes> static_sizes(const Json &record) {
    if (record.is_null()) return std::nullopt;
    StaticSizes sizes;
    record.at("atoms").get_to(sizes.atoms);
    record.at("edges").get_to(sizes.edges);
    record.at("systems").get_to(sizes.systems);
    return sizes;
}

/// Keys newer than format version 1's first files; absent ones mean "none".
void read_optional(const Json &record, Metadata &metadata) {
    if (record.contains("input_defaults")) {
        record["input_defaults"].get_to(metadata.input_defaults);
    }
    if (record.contains("input_values")) {
        record["input_values"].get_to(metadata.input_values);
    }
    if (record.contains("max_neighbors") && !record["max_neighbors"].is_null()) {
        metadata.max_neighbors = record["max_neighbors"].get<std::int64_t>();
    }
    if (record.contains("whole_system")) record["whole_system"].get_to(metadata.whole_system);
}

Metadata read(const Json &record) {
    Metadata metadata;
    record.at("family").get_to(metadata.family);
    record.at("elements").get_to(metadata.elements);
    record.at("cutoff").get_to(metadata.cutoff);
    record.at("message_passing_steps").get_to(metadata.message_passing_steps);
    record.at("dtype").get_to(metadata.dtype);
    record.at("forces_kind").get_to(metadata.forces_kind);
    metadata.static_sizes = static_sizes(record.at("static_sizes"));
    metadata.inputs = tensor_specs(record.at("inputs"));
    metadata.outputs = tensor_specs(record.at("outputs"));
    read_optional(record, metadata);
    for (const std::string &symbol : metadata.elements) {
        metadata.atomic_numbers.push_back(atomic_number(symbol));
    }
    return metadata;
}

void check_values(const Metadata &metadata, const std::string &path) {
    if (!(metadata.cutoff > 0 && metadata.cutoff <= largest_cutoff)) {
        refuse(path, "its cutoff makes no sense; export the checkpoint again.");
    }
    if (metadata.dtype != "float32" && metadata.dtype != "float64") {
        refuse(path, "its dtype is '" + metadata.dtype + "'; export to float32 or float64.");
    }
    if (const auto &sizes = metadata.static_sizes) {
        const bool sensible = sizes->atoms > 0 && sizes->atoms <= largest_size &&
                              sizes->edges >= 0 && sizes->edges <= largest_size;
        if (!sensible || sizes->systems != 1) {
            refuse(path, "its static sizes make no sense here; export with --static N,E.");
        }
    }
    if (metadata.max_neighbors && *metadata.max_neighbors < 1) {
        refuse(path, "its max_neighbors makes no sense; export the checkpoint again.");
    }
}

/// What a newer version has added may change the numbers, so it is never passed over.
void check_keys(const Json &record, const std::string &path) {
    static const std::set<std::string> known = {
        "format",
        "format_version",
        "family",
        "configuration",
        "elements",
        "cutoff",
        "message_passing_steps",
        "dtype",
        "static_sizes",
        "inputs",
        "outputs",
        "checkpoint_sha256",
        "forces_kind",
        "input_defaults",
        "input_values",
        "max_neighbors",
        "stages",
        "whole_system",
        "versions",
        "verification",
        "summary",
    };
    for (const auto &item : record.items()) {
        if (known.count(item.key()) == 0) {
            refuse(path, "its metadata has the key '" + item.key() +
                             "', which this libsezm does not know; the file was written by a newer "
                             "sezm-infer: update libsezm.");
        }
    }
}

void check_format(const Json &record, const std::string &path) {
    if (!record.is_object() || record.value("format", Json()) != format_name) {
        refuse(path, "its metadata is not of a sezm-infer file; export it again.");
    }
    const Json version = record.value("format_version", Json());
    if (version != format_version) {
        refuse(path, "format version " + version.dump() + ", but this libsezm reads version " +
                         std::to_string(format_version) +
                         "; export the checkpoint again, or update libsezm.");
    }
}

}  // namespace

Metadata parse_metadata(const std::string &json, const std::string &path) {
    const Json record = Json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (record.is_discarded()) refuse(path, "its metadata is not JSON; export it again.");
    check_format(record, path);
    check_keys(record, path);
    if (!record.value("stages", Json()).is_null()) {
        refuse(path, "a staged file, which this libsezm does not run; export without --staged.");
    }
    Metadata metadata;
    try {
        metadata = read(record);
    } catch (const Json::exception &error) {
        refuse(path,
               std::string("its metadata is incomplete (") + error.what() + "); export it again.");
    } catch (const Error &error) {
        refuse(path, std::string("its metadata names an unknown element: ") + error.what());
    }
    metadata.json = json;
    check_values(metadata, path);
    check_signature(metadata, path);
    return metadata;
}

}  // namespace sezm
