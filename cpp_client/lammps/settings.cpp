#include "settings.hpp"

#include <cstring>

#include "error.h"
#include "lammps.h"
#include "utils.h"

namespace LAMMPS_NS {

namespace {

constexpr const char *keywords[] = {"threads", "device", "charge", "charge_spin", "fparam"};

/// Keywords that are inputs of a file, and what stands after them.
const std::map<std::string, std::string> values_of = {
    {"charge", " Q"}, {"charge_spin", " CHARGE SPIN"}, {"fparam", " VALUE..."}};

bool is_keyword(const char *word) {
    for (const char *keyword : keywords) {
        if (strcmp(word, keyword) == 0) return true;
    }
    return false;
}

void need(bool right, const char *what, LAMMPS *lammps) {
    if (!right) lammps->error->all(FLERR, "pair_style sezm: keyword {}", what);
}

}  // namespace

Settings read_settings(int count, char **words, LAMMPS *lammps) {
    Settings settings;
    settings.options.threads = 1;  // cores belong to ranks
    for (int i = 0; i < count;) {
        const std::string keyword = words[i++];
        if (!is_keyword(keyword.c_str())) {
            lammps->error->all(FLERR,
                               "pair_style sezm: unknown keyword {}; it takes threads, device, "
                               "charge, charge_spin and fparam",
                               keyword);
        }
        const int first = i;
        while (i < count && !is_keyword(words[i])) ++i;
        const int given = i - first;
        const auto number = [&](int k) { return utils::numeric(FLERR, words[k], false, lammps); };
        if (keyword == "threads") {
            need(given == 1, "threads takes one whole number", lammps);
            settings.options.threads = utils::inumeric(FLERR, words[first], false, lammps);
            need(settings.options.threads > 0, "threads takes 1 or more", lammps);
        } else if (keyword == "device") {
            need(given == 1, "device takes one name", lammps);
            settings.options.device = words[first];
        } else {
            if (keyword == "charge") need(given == 1, "charge takes one number", lammps);
            if (keyword == "charge_spin") need(given == 2, "charge_spin takes two numbers", lammps);
            if (keyword == "fparam") need(given > 0, "fparam takes numbers", lammps);
            for (int k = first; k < i; ++k) settings.inputs[keyword].push_back(number(k));
        }
    }
    return settings;
}

void pass_inputs(const Settings &settings, sezm::Model &model) {
    for (const sezm::TensorSpec &input : model.metadata().inputs) {
        const auto &name = input.name;
        if (name == "aparam" || name == "spins") {
            throw sezm::Error(sezm::ErrorCode::input,
                              "this model takes '" + name +
                                  "', values of each atom, which pair_style sezm does not pass; "
                                  "run it with sezm_infer or libsezm");
        }
        const auto keyword = values_of.find(name);
        if (keyword != values_of.end() &&
            settings.inputs.count(name) + model.metadata().input_defaults.count(name) == 0) {
            throw sezm::Error(sezm::ErrorCode::input, "this model needs '" + name +
                                                          "' and has no default; add '" + name +
                                                          keyword->second + "' to pair_style sezm");
        }
    }
    for (const auto &[name, values] : settings.inputs) {
        model.set_input(name, values.data(), values.size());
    }
}

}  // namespace LAMMPS_NS
