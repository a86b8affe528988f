#include "metadata.hpp"

#include <nlohmann/json.hpp>

#include "contract.hpp"
#include "metadata_record.hpp"

namespace sezm {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw Error(ErrorCode::file, path + ": " + what);
}

std::vector<TensorSpec> tensor_specs(const Json &records) {
    std::vector<TensorSpec> specs;
    for (const Json &record : records) {
        TensorSpec &spec = specs.emplace_back(TensorSpec{record["name"].get<std::string>(),
                                                         {},
                                                         record["dtype"].get<std::string>(),
                                                         record["unit"].get<std::string>()});
        for (const Json &length : record["shape"]) {
            spec.shape.push_back(length.is_string() ? length.get<std::string>()
                                                    : std::to_string(length.get<std::int64_t>()));
        }
    }
    return specs;
}

std::optional<StaticSizes> static_sizes(const Json &record, const std::string &path) {
    if (record.is_null()) return std::nullopt;
    if (record["systems"] != 1) {
        refuse(path, "a static file for several systems at once; export with --static N,E.");
    }
    return StaticSizes{record["atoms"].get<std::int64_t>(), record["edges"].get<std::int64_t>(), 1};
}

std::vector<std::int64_t> numbers_of(const std::vector<std::string> &elements,
                                     const std::string &path) {
    std::vector<std::int64_t> numbers;
    for (const std::string &symbol : elements) {
        try {
            numbers.push_back(atomic_number(symbol));
        } catch (const Error &error) {
            refuse(path, std::string("its metadata names an unknown element: ") + error.what());
        }
    }
    return numbers;
}

std::optional<std::vector<StageWidths>> stage_widths(const Json &record) {
    const auto found = record.find("stages");
    if (found == record.end() || found->is_null()) return std::nullopt;
    std::vector<StageWidths> stages;
    for (const Json &stage : *found) {
        stages.push_back({stage["carried"].get<std::size_t>(), stage["sent"].get<std::size_t>()});
    }
    return stages;
}

}  // namespace

Metadata parse_metadata(const std::string &json, const std::string &path) {
    const Json record = Json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (record.is_discarded()) refuse(path, "its metadata is not JSON; export it again.");
    check_record(record, path);

    Metadata metadata;
    metadata.family = record["family"].get<std::string>();
    metadata.elements = record["elements"].get<std::vector<std::string>>();
    metadata.atomic_numbers = numbers_of(metadata.elements, path);
    metadata.cutoff = record["cutoff"].get<double>();
    metadata.message_passing_steps = record["message_passing_steps"].get<int>();
    metadata.dtype = record["dtype"].get<std::string>();
    metadata.static_sizes = static_sizes(record["static_sizes"], path);
    metadata.inputs = tensor_specs(record["inputs"]);
    metadata.outputs = tensor_specs(record["outputs"]);
    metadata.forces_kind = record.value("forces_kind", "conservative");
    if (const auto found = record.find("input_defaults"); found != record.end()) {
        found->get_to(metadata.input_defaults);
    }
    if (const auto found = record.find("input_values"); found != record.end()) {
        found->get_to(metadata.input_values);
    }
    if (const auto found = record.find("max_neighbors");
        found != record.end() && !found->is_null()) {
        metadata.max_neighbors = found->get<std::int64_t>();
    }
    metadata.whole_system = record.value("whole_system", false);
    metadata.stages = stage_widths(record);
    if (metadata.stages && (metadata.static_sizes || metadata.forces_kind != "conservative")) {
        refuse(path,
               "its stages make no sense with fixed sizes or direct forces; export it again.");
    }
    metadata.json = json;
    settle_signature(metadata, path);
    return metadata;
}

}  // namespace sezm
