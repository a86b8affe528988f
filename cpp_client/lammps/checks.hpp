/// What a run must fulfil, so that no result is wrong without a word. Each failure is a LAMMPS
/// error that names the remedy.
#pragma once

#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

class LAMMPS;

/// Energy unit of LAMMPS' unit style over eV.
double energy_unit(LAMMPS *lammps);

/// Newton's third law, all pairs in the neighbour list.
void check_pairs(LAMMPS *lammps);

/// Models in which every atom counts for every other run on one rank.
void check_divisible(const sezm::Metadata &model, LAMMPS *lammps);

/// Ghosts as far away as messages travel: cutoff times message-passing steps, plus skin. For files
/// that are not staged.
void check_ghost_shell(const sezm::Metadata &model, LAMMPS *lammps);

/// The file gives virials of each atom.
void check_atom_virials(const sezm::Metadata &model, LAMMPS *lammps);

}  // namespace LAMMPS_NS
