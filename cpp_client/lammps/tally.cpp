#include "tally.hpp"

#include <algorithm>
#include <limits>

#include "pair.h"

namespace LAMMPS_NS {

namespace {

/// Add the symmetric part of a tensor [3, 3] to xx yy zz xy xz yz.
void add_symmetric(const double *tensor, double unit, double *sum) {
    constexpr int upper[6] = {0, 4, 8, 1, 2, 5}, lower[6] = {0, 4, 8, 3, 6, 7};
    for (int k = 0; k < 6; ++k) sum[k] += unit * (tensor[upper[k]] + tensor[lower[k]]) / 2;
}

}  // namespace

void add_results(const sezm::Results &results, double unit, int n_own, double **forces,
                 Pair &pair) {
    for (std::size_t i = 0; i < results.atom_count; ++i) {
        for (int x = 0; x < 3; ++x) forces[i][x] += unit * results.forces[3 * i + x];
    }
    if (pair.eflag_global) pair.eng_vdwl += unit * results.energy;
    for (int i = 0; pair.eflag_atom && i < n_own; ++i) {
        pair.eatom[i] += unit * results.atom_energy[i];
    }
    // LAMMPS asks in the first step whether or not anyone wants it: a number that shows is better
    // than a refusal of all models with direct forces, and than 0
    if (pair.vflag_global && !results.has_virial) {
        std::fill_n(pair.virial, 6, std::numeric_limits<double>::quiet_NaN());
    } else if (pair.vflag_global) {
        add_symmetric(results.virial.data(), unit, pair.virial);
    }
    for (std::size_t i = 0; pair.vflag_atom && i < results.atom_count; ++i) {
        add_symmetric(results.atom_virial + 9 * i, unit, pair.vatom[i]);
    }
}

}  // namespace LAMMPS_NS
