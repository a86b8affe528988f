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

bool fits(const TensorSpec &spec, const Known &known) {
    return spec.dtype == known.dtype &&
           std::equal(spec.shape.begin(), spec.shape.end(), known.shape.begin(), known.shape.end(),
                      [](const std::string &found, const std::string &wanted) {
                          return wanted == "K" ? is_width(found) : found == wanted;
                      });
}

/// Specs must be a subsequence of the known ones that leaves no required one out.
void check(const std::vector<TensorSpec> &specs, const std::vector<Known> &known,
           const std::string &what, const std::string &path) {
    std::size_t position = 0;
    for (const Known &expected : known) {
        const bool present = position < specs.size() && specs[position].name == expected.name;
        if (present && fits(specs[position], expected)) {
            ++position;
        } else if (present || expected.required) {
            throw Error(ErrorCode::file, path + ": its " + what + " '" + expected.name +
                                             "' is missing or of another shape or dtype than the "
                                             "format has; export the checkpoint again.");
        }
    }
    if (position < specs.size() && specs[position].name == "wigner") {
        throw Error(ErrorCode::file, path + ": it takes the Wigner matrices of all edges as an "
                                            "input, 'wigner', which only Python programs can give; "
                                            "export without --wigner input.");
    }
    if (position < specs.size()) {
        throw Error(ErrorCode::file, path + ": its " + what + " '" + specs[position].name +
                                         "' is unknown to, or in a place unknown to, this version "
                                         "of libsezm; update it, or export again.");
    }
}

}  // namespace

void check_signature(const Metadata &metadata, const std::string &path) {
    check(metadata.inputs, known_inputs(), "input", path);
    check(metadata.outputs, known_outputs(), "output", path);
}

bool is_per_atom(const TensorSpec &spec) { return spec.shape.front() == "N"; }

}  // namespace sezm
