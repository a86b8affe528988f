/// What a model says, added to what LAMMPS sums up.
#pragma once

#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

class Pair;

/// Add forces to `forces` [N, 3], and energies and virials to the pair style's sums, as far as they
/// are wanted. Shares of ghosts stay with the ghosts: LAMMPS sends them home.
///
/// @param unit of LAMMPS' energies over eV
/// @param n_own atoms of this rank; their energies are those that count
void add_results(const sezm::Results &results, double unit, int n_own, double **forces, Pair &pair);

}  // namespace LAMMPS_NS
