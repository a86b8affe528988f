#include "optional_inputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "contract.hpp"

namespace sezm {
namespace {

[[noreturn]] void refuse(const std::string &what) { throw Error(ErrorCode::input, what); }

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

/// Files have a table for some charges and spins, and do not look whether these are among them.
void check_charge_spin(double charge, double spin) {
    const auto fits = [](double value, int smallest, int largest) {
        return value >= smallest && value <= largest && value == std::floor(value);
    };
    if (fits(charge, smallest_charge, largest_charge) && fits(spin, 0, largest_spin)) return;
    refuse("charge is " + number(charge) + " and spin " + number(spin) +
           "; use whole numbers, charges from " + std::to_string(smallest_charge) + " to " +
           std::to_string(largest_charge) + ", spins from 0 to " + std::to_string(largest_spin) +
           ".");
}

/// Refuse values without a meaning to a model that knows a few alone.
void check_known(const std::string &name, const std::vector<double> &known, const double *values,
                 std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (std::find(known.begin(), known.end(), values[i]) != known.end()) continue;
        std::string text;
        for (const double value : known) text += " " + number(value);
        refuse("input '" + name + "' is " + number(values[i]) + "; this model knows" + text +
               " alone.");
    }
}

}  // namespace

template <class Real>
OptionalInputs<Real>::OptionalInputs(const Metadata &metadata) {
    for (std::size_t i = required_inputs; i < metadata.inputs.size(); ++i) {
        const TensorSpec &spec = metadata.inputs[i];
        inputs_.push_back(
            {spec.name, spec.shape[0] == "N", std::stoul(spec.shape[1]), {}, {}, {}, {}});
        if (const auto known = metadata.input_values.find(spec.name);
            known != metadata.input_values.end()) {
            inputs_.back().known = known->second;
        }
        const auto found = metadata.input_defaults.find(spec.name);
        if (found == metadata.input_defaults.end()) continue;
        inputs_.back().fallback = found->second;
        set(spec.name, nullptr, 0);
    }
}

template <class Real>
auto OptionalInputs<Real>::find(const std::string &name) -> Optional & {
    std::string names;
    for (Optional &input : inputs_) {
        if (input.name == name) return input;
        names += (names.empty() ? "" : ", ") + input.name;
    }
    refuse("this model takes no input '" + name + "'; it takes " +
           (names.empty() ? "no optional one." : names + "."));
}

template <class Real>
void OptionalInputs<Real>::set(const std::string &name, const double *values, std::size_t count) {
    Optional &input = find(name);
    if (count == 0) {
        input.values.assign(input.fallback.begin(), input.fallback.end());
        return;
    }
    if (input.per_atom ? count % input.width != 0 : count != input.width) {
        refuse("input '" + name + "' has " + std::to_string(count) + " values; it takes " +
               std::to_string(input.width) + (input.per_atom ? " per atom." : "."));
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (std::isfinite(values[i])) continue;
        refuse("input '" + name + "', entry " + std::to_string(i) + ", is " + number(values[i]) +
               ": use finite numbers.");
    }
    if (name == "charge_spin") check_charge_spin(values[0], values[1]);
    if (!input.known.empty()) check_known(name, input.known, values, count);
    input.values.assign(values, values + count);
}

template <class Real>
void OptionalInputs<Real>::lay_out(std::size_t n_atoms, std::size_t n_rows, Tensor *tensors) {
    for (Optional &input : inputs_) {
        if (input.values.empty()) {
            refuse("this model needs the input '" + input.name + "'; set it before computing.");
        }
        const std::size_t given = (input.per_atom ? n_atoms : 1) * input.width;
        const std::size_t wanted = (input.per_atom ? n_rows : 1) * input.width;
        if (input.values.size() != given) {
            refuse("input '" + input.name + "' was set for " +
                   std::to_string(input.values.size() / input.width) + " atoms, and there are " +
                   std::to_string(n_atoms) + "; set it anew.");
        }
        Real *values = input.values.data();
        if (wanted != given) {
            input.padded.assign(wanted, Real(0));
            std::copy_n(values, given, input.padded.begin());
            values = input.padded.data();
        }
        tensors->data = values;
        tensors->rank = 2;
        tensors->shape[0] = static_cast<std::int64_t>(wanted / input.width);
        tensors->shape[1] = static_cast<std::int64_t>(input.width);
        ++tensors;
    }
}

template class OptionalInputs<float>;
template class OptionalInputs<double>;

}  // namespace sezm
