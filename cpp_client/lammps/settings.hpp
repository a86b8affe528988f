/// The words after `pair_style sezm`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

class LAMMPS;

struct Settings {
    sezm::Options options;
    std::map<std::string, std::vector<double>> inputs;  ///< of the file, one row for the system
};

/// Read `[threads N] [device NAME] [charge Q] [charge_spin CHARGE SPIN] [fparam VALUE...]`.
Settings read_settings(int count, char **words, LAMMPS *lammps);

/// Give a model its inputs. Throws sezm::Error: one that it needs is missing, or it takes one that
/// is not of the system but of each atom, which LAMMPS has no place for.
void pass_inputs(const Settings &settings, sezm::Model &model);

}  // namespace LAMMPS_NS
