#include "contract.hpp"

#include <algorithm>

namespace sezm {
namespace {

using Shape = std::vector<std::string>;

struct Known {
    const char *name;
    Shape shape;  // "K": any fixed width
    const char *dtype;
    bool required;
};

const std::vector<Known> &known_inputs() {
    static const std::vector<Known> known = {
        {"pos", {"N", "3"}, "real", true},
        {"atomic_numbers", {"N"}, "int64", true},
        {"batch", {"N"}, "int64", true},
        {"natoms", {"B"}, "int64", true},
        {"edge_index", {"2", "E"}, "int64", true},
        {"edge_distance", {"E"}, "real", true},
        {"edge_vec", {"E", "3"}, "real", true},
        {"atom_mask", {"N"}, "real", true},
        {"charge_spin", {"B", "2"}, "real", false},
        {"charge", {"B", "1"}, "real", false},
        {"fparam", {"B", "K"}, "real", false},
        {"aparam", {"N", "K"}, "real", false},
        {"spins", {"N", "3"}, "real", false},
    };
    return known;
}

const std::vector<Known> &known_outputs() {
    static const std::vector<Known> known = {
        {"energy", {"B"}, "float64", true},
        {"forces", {"N", "3"}, "real", true},
        {"virial", {"B", "3", "3"}, "real", false},
        {"atom_energy", {"N"}, "float64", true},
        {"magnetic_forces", {"N", "3"}, "real", false},
        {"atom_virial", {"N", "3", "3"}, "real", false},
    };
    return known;
}

bool is_width(const std::string &length) {
    return !length.empty() && length.size() <= 6 && length[0] != '0' &&
           std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Whether a spec is the contract's, its sizes as letters or, in static files, as numbers.
bool fits(const TensorSpec &spec, const Known &known, const std::optional<StaticSizes> &sizes) {
    const auto size = [&](const std::string &letter) {
        if (!sizes) return std::string();
        if (letter == "N") return std::to_string(sizes->atoms);
        if (letter == "E") return std::to_string(sizes->edges);
        return letter == "B" ? std::to_string(sizes->systems) : std::string();
    };
    return spec.dtype == known.dtype &&
           std::equal(spec.shape.begin(), spec.shape.end(), known.shape.begin(), known.shape.end(),
                      [&](const std::string &found, const std::string &wanted) {
                          if (wanted == "K") return is_width(found);
                          return found == wanted || (!found.empty() && found == size(wanted));
                      });
}

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw Error(ErrorCode::file, path + ": its " + what);
}

void refuse_unknown(const std::vector<TensorSpec> &specs, const std::vector<Known> &known,
                    const std::string &what, const std::string &path) {
    for (const TensorSpec &spec : specs) {
        if (spec.name == "wigner") {
            throw Error(ErrorCode::file, path +
                                             ": it takes the Wigner matrices of all edges as an "
                                             "input, 'wigner', which only Python programs can "
                                             "give; export without --wigner input.");
        }
        const auto is_it = [&](const Known &candidate) { return spec.name == candidate.name; };
        if (std::none_of(known.begin(), known.end(), is_it)) {
            refuse(path, "metadata has the " + what + " '" + spec.name +
                             "', which this libsezm does not know; the file was written by a newer "
                             "sezm-infer: update libsezm.");
        }
    }
}

/// Specs must be a subsequence of the known ones that leaves no required one out.
void settle(std::vector<TensorSpec> &specs, const std::vector<Known> &known,
            const std::optional<StaticSizes> &sizes, const std::string &what,
            const std::string &path) {
    refuse_unknown(specs, known, what, path);
    std::size_t position = 0;
    for (const Known &expected : known) {
        const bool present = position < specs.size() && specs[position].name == expected.name;
        if (present && fits(specs[position], expected, sizes)) {
            TensorSpec &spec = specs[position++];
            for (std::size_t axis = 0; axis < spec.shape.size(); ++axis) {
                if (expected.shape[axis] != "K") spec.shape[axis] = expected.shape[axis];
            }
        } else if (present || expected.required) {
            refuse(path, what + " '" + expected.name +
                             "' is missing or of another shape or dtype than the format has; "
                             "export the checkpoint again.");
        }
    }
    if (position < specs.size()) {
        refuse(path, what + " '" + specs[position].name +
                         "' is there twice or out of order; export the checkpoint again.");
    }
}

/// Defaults must be rows of optional inputs that the file takes, known values of one number.
void check_defaults(const Metadata &metadata, const std::string &path) {
    for (const auto &[name, values] : metadata.input_values) {
        const auto &inputs = metadata.inputs;
        const auto found =
            std::find_if(inputs.begin() + required_inputs, inputs.end(),
                         [&name = name](const TensorSpec &input) { return input.name == name; });
        if (found == inputs.end() || found->shape[1] != "1") {
            refuse(path, "input_values has values for " + name + "; export it again.");
        }
    }
    for (const auto &[name, values] : metadata.input_defaults) {
        const auto &inputs = metadata.inputs;
        const auto found =
            std::find_if(inputs.begin() + required_inputs, inputs.end(),
                         [&name = name](const TensorSpec &input) { return input.name == name; });
        if (found == inputs.end() || found->shape[1] != std::to_string(values.size())) {
            refuse(path, "input_defaults have " + std::to_string(values.size()) + " numbers for '" +
                             name + "', which is not what the file takes; export it again.");
        }
    }
}

}  // namespace

void settle_signature(Metadata &metadata, const std::string &path) {
    settle(metadata.inputs, known_inputs(), metadata.static_sizes, "input", path);
    settle(metadata.outputs, known_outputs(), metadata.static_sizes, "output", path);
    check_defaults(metadata, path);
}

}  // namespace sezm
