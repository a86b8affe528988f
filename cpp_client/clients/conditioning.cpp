#include "conditioning.hpp"

#include <algorithm>

namespace {

[[noreturn]] void refuse(const std::string &what) {
    throw sezm::Error(sezm::ErrorCode::input, what);
}

bool takes(const sezm::Model &model, const std::string &name) {
    const auto &inputs = model.metadata().inputs;
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const sezm::TensorSpec &input) { return input.name == name; });
}

/// Numbers of a comment line: "0.1 0.2", or a list as ASE writes those of Python, "_JSON [0.1, 2]".
std::vector<double> listed(const std::string &key, std::string text) {
    if (text.compare(0, 6, "_JSON ") == 0) text.erase(0, 6);
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
    }
    std::replace(text.begin(), text.end(), ',', ' ');
    return parse_numbers(text, key);
}

std::vector<double> charge_spin(const Structure &structure) {
    std::vector<double> values;
    for (const char *key : {"charge", "spin"}) {
        const std::string *text = structure.find_info(key);
        if (text == nullptr) {
            refuse(std::string("the structure has no ") + key +
                   "; give both charge and spin, or neither for the model's default.");
        }
        const auto numbers = listed(key, *text);
        if (numbers.size() != 1) refuse(std::string(key) + " is '" + *text + "'; use one number.");
        values.push_back(numbers[0]);
    }
    return values;
}

std::vector<double> of_column(const Column &column) {
    std::vector<double> values;
    for (const std::string &text : column.text) {
        values.push_back(parse_numbers(text, column.name).at(0));
    }
    return values;
}

/// A structure's charge goes into either of two inputs.
std::string other_charge(const std::string &name) {
    return name == "charge" ? "charge_spin" : "charge";
}

/// Where a structure carries a part of an input, or "" if it does not.
std::string carried(const Structure &structure, const std::string &name) {
    if (name == "charge_spin") {
        if (structure.find_info("charge") != nullptr) return "charge";
        return structure.find_info("spin") != nullptr ? "spin" : "";
    }
    const bool there = name == "fparam" || name == "charge"
                           ? structure.find_info(name) != nullptr
                           : structure.find_column(name) != nullptr;
    return there ? name : "";
}

}  // namespace

void set_inputs(sezm::Model &model, const Structure &structure) {
    for (const std::string name : {"charge_spin", "charge", "fparam", "aparam", "spins"}) {
        const std::string place = carried(structure, name);
        if (!takes(model, name)) {
            // "charge" is a part of charge_spin, too.
            if (place.empty() || (place == "charge" && takes(model, other_charge(name)))) continue;
            refuse("the structure has " + place +
                   ", which this model does not take and would ignore; remove it, or use a model "
                   "trained with it.");
        }
        std::vector<double> values;
        if (!place.empty()) {
            values = name == "charge_spin" ? charge_spin(structure)
                     : name == "fparam" || name == "charge"
                         ? listed(name, *structure.find_info(name))
                         : of_column(*structure.find_column(name));
            if (values.empty()) refuse(name + " is empty; give its numbers, or remove it.");
        }
        model.set_input(name, values.data(), values.size());
    }
}
