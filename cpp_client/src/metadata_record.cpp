#include "metadata_record.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "contract.hpp"

namespace sezm {
namespace {

using Json = nlohmann::json;
using Check = std::function<bool(const Json &)>;
using Checks = std::map<std::string, Check>;

// Beyond these a file is hostile, not large: memory would run out before the engine says so.
constexpr double largest_cutoff = 1000;  // Angstrom
constexpr std::int64_t most_steps = 1000;
constexpr std::int64_t widest_stage = 1'000'000;  // numbers of one atom
constexpr std::size_t most_stages = 1000;
constexpr std::int64_t most_static_atoms = 10'000'000;
constexpr std::int64_t most_static_edges = 100'000'000;
constexpr std::size_t longest_value = 60;  // characters of a value that are shown in an error

bool is_text(const Json &value) { return value.is_string(); }

bool is_flag(const Json &value) { return value.is_boolean(); }

bool is_object(const Json &value) { return value.is_object(); }

bool is_number(const Json &value) { return value.is_number(); }  // JSON has none but finite ones

/// A whole number of 0 to `largest`, written as one: neither 3.0 nor true.
Check whole(std::int64_t smallest = 0,
            std::int64_t largest = std::numeric_limits<std::int64_t>::max()) {
    return [=](const Json &value) {
        if (value.is_number_unsigned()) {
            const auto number = value.get<std::uint64_t>();
            return number >= static_cast<std::uint64_t>(smallest) &&
                   number <= static_cast<std::uint64_t>(largest);
        }
        return value.is_number_integer() && value.get<std::int64_t>() >= smallest;
    };
}

Check one_of(std::vector<std::string> texts) {
    return [texts = std::move(texts)](const Json &value) {
        return std::find(texts.begin(), texts.end(), value) != texts.end();
    };
}

Check or_null(Check check) {
    return
        [check = std::move(check)](const Json &value) { return value.is_null() || check(value); };
}

Check list_of(Check check) {
    return [check = std::move(check)](const Json &value) {
        return value.is_array() && std::all_of(value.begin(), value.end(), check);
    };
}

Check object_of(Check check) {
    return [check = std::move(check)](const Json &value) {
        return value.is_object() && std::all_of(value.begin(), value.end(), check);
    };
}

enum class Keys { exactly, at_least, any };

/// An object with these keys, each of its kind.
Check with(Keys keys, Checks checks) {
    return [keys, checks = std::move(checks)](const Json &value) {
        if (!value.is_object()) return false;
        if (keys == Keys::exactly && value.size() != checks.size()) return false;
        return std::all_of(checks.begin(), checks.end(), [&](const auto &entry) {
            const auto found = value.find(entry.first);
            return found == value.end() ? keys == Keys::any : entry.second(*found);
        });
    };
}

const Checks &checks() {
    static const Check length = [](const Json &value) { return is_text(value) || whole()(value); };
    static const Check specs = list_of(with(
        Keys::exactly,
        {{"name", is_text}, {"shape", list_of(length)}, {"dtype", is_text}, {"unit", is_text}}));
    static const Check cost = with(
        Keys::at_least,
        {{"multiply_adds", is_number}, {"memory_bytes", is_number}, {"edges_per_atom", whole()}});
    static const Check cutoff = [](const Json &value) {
        return is_number(value) && value.get<double>() > 0 && value.get<double>() <= largest_cutoff;
    };
    static const Check some_numbers = [](const Json &value) {
        return list_of(is_number)(value) && !value.empty();
    };
    static const Check stages = [](const Json &value) {
        static const Check widths = with(
            Keys::exactly, {{"carried", whole(0, widest_stage)}, {"sent", whole(1, widest_stage)}});
        return list_of(widths)(value) && value.size() <= most_stages;
    };
    static const Check compiled_for = with(Keys::exactly, {{"torch", is_text},
                                                           {"device", is_text},
                                                           {"system", is_text},
                                                           {"machine", is_text},
                                                           {"cpu_features", list_of(is_text)},
                                                           {"portable_file", is_text}});
    static const Checks all = {
        {"family", is_text},
        {"configuration", is_object},
        {"elements", list_of(is_text)},
        {"cutoff", cutoff},
        {"message_passing_steps", whole(0, most_steps)},
        {"dtype", one_of({"float32", "float64"})},
        {"static_sizes", or_null(with(Keys::exactly, {{"atoms", whole(1, most_static_atoms)},
                                                      {"edges", whole(0, most_static_edges)},
                                                      {"systems", whole(1)}}))},
        {"inputs", specs},
        {"outputs", specs},
        {"checkpoint_sha256", is_text},
        {"forces_kind", one_of({"conservative", "direct"})},
        {"input_defaults", object_of(list_of(is_number))},
        {"input_values", object_of(some_numbers)},
        {"max_neighbors", or_null(whole(1))},
        {"compiled_for", or_null(compiled_for)},
        {"whole_system", is_flag},
        {"stages", or_null(stages)},
        {"versions", object_of(is_text)},
        {"verification", is_object},
        {"summary", with(Keys::any, {{"heads", list_of(is_text)},
                                     {"head", is_text},
                                     {"spin", or_null(is_text)},
                                     {"size", or_null(is_text)},
                                     {"version", is_number},
                                     {"parameters", whole()},
                                     {"cost_per_atom", cost},
                                     {"options", object_of(is_object)},
                                     {"asked_for", object_of(is_text)}})},
    };
    return all;
}

/// Keys without which a record says too little; the others have come later.
constexpr const char *required[] = {
    "family", "configuration", "elements", "cutoff",  "message_passing_steps",
    "dtype",  "static_sizes",  "inputs",   "outputs", "checkpoint_sha256"};

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw Error(ErrorCode::file, path + ": " + what);
}

/// A value in a few characters; lists and objects, which may be nested without end, by name.
std::string shown(const Json &value) {
    if (value.is_array()) return "such a list";
    if (value.is_object()) return "such an object";
    return value.dump().substr(0, longest_value);
}

/// Reads in place: copies of values nested without end would overflow the stack.
void check_header(const Json &record, const std::string &path) {
    static const Json none;
    const auto value = [&](const char *key) -> const Json & {
        const auto found = record.find(key);
        return found == record.end() ? none : *found;
    };
    if (!record.is_object() || value("format") != format_name) {
        refuse(path, "its metadata is not of a sezm-infer file; export it again.");
    }
    const Json &version = value("format_version");
    if (version != format_version) {
        refuse(path, "format version " + shown(version) + ", but this libsezm reads version " +
                         std::to_string(format_version) +
                         "; export the checkpoint again, or update libsezm.");
    }
}

}  // namespace

void check_record(const Json &record, const std::string &path) {
    check_header(record, path);
    for (const auto &item : record.items()) {
        const std::string &key = item.key();
        if (key == "format" || key == "format_version" || checks().count(key) != 0) continue;
        // What a newer version has added may change the numbers, so it is never passed over.
        refuse(path, "its metadata has the key '" + key.substr(0, longest_value) +
                         "', which this libsezm does not know; the file was written by a newer "
                         "sezm-infer: update libsezm.");
    }
    for (const char *key : required) {
        if (record.contains(key)) continue;
        refuse(path, std::string("its metadata is incomplete (no ") + key + "); export it again.");
    }
    for (const auto &[key, check] : checks()) {
        if (const auto found = record.find(key); found != record.end() && !check(*found)) {
            refuse(path, "its metadata is malformed (" + key + " is " + shown(*found) +
                             "); export it again.");
        }
    }
}

}  // namespace sezm
