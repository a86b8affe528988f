/// Extra inputs of a model, as a structure carries them in extended XYZ:
///
///     charge_spin   keys charge and spin of the comment line
///     fparam        key fparam, one number or several
///     aparam        column aparam
///     spins         column spins
#pragma once

#include "sezm/sezm.hpp"
#include "structure.hpp"

/// Hand over what a structure carries, and take back what an earlier one did.
///
/// Throws sezm::Error (input): one has no numbers, is not what the model takes, or is half there.
/// What is missing altogether the model complains of, unless it has a default.
void set_inputs(sezm::Model &model, const Structure &structure);
