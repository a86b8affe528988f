#include "checks.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "neighbor.h"
#include "update.h"

namespace LAMMPS_NS {

namespace {

constexpr double kilocalories_per_mole = 23.060549;  // in one eV, LAMMPS' own value

}  // namespace

double energy_unit(LAMMPS *lammps) {
    const char *style = lammps->update->unit_style;
    if (strcmp(style, "metal") == 0) return 1;
    if (strcmp(style, "real") == 0) return kilocalories_per_mole;
    lammps->error->all(FLERR, "pair_style sezm needs 'units metal' or 'units real', not {}", style);
    return 0;
}

void check_pairs(LAMMPS *lammps) {
    Error *error = lammps->error;
    const Force &force = *lammps->force;
    if (!force.newton_pair) error->all(FLERR, "pair_style sezm needs 'newton on'");
    const Neighbor &lists = *lammps->neighbor;
    // its member "exclude" says so, too, but only after this check
    if (lists.nex_type || lists.nex_group || lists.nex_mol || lists.includegroup) {
        error->all(FLERR,
                   "pair_style sezm needs all pairs: remove 'neigh_modify exclude' and "
                   "'neigh_modify include' ('neigh_modify exclude none'; atoms that are to stay "
                   "where they are need no more than 'fix setforce' or no 'fix nve')");
    }
    for (int k = 1; k <= 3 && lammps->atom->molecular != Atom::ATOMIC; ++k) {
        if (force.special_lj[k] == 0 && force.special_coul[k] == 0) {
            error->all(FLERR,
                       "pair_style sezm needs the pairs that special_bonds leaves out: add "
                       "'special_bonds lj/coul 1 1 1'");
        }
    }
}

void check_divisible(const sezm::Metadata &model, LAMMPS *lammps) {
    if (lammps->comm->nprocs == 1 || !model.whole_system) return;
    lammps->error->all(FLERR,
                       "pair_style sezm: in this model every atom counts for every other (charges "
                       "add up to that of the system), so it cannot be divided among ranks: run "
                       "LAMMPS on one rank, with 'pair_style sezm threads N' for more cores");
}

void check_ghost_shell(const sezm::Metadata &model, LAMMPS *lammps) {
    const Comm &comm = *lammps->comm;
    if (comm.nprocs == 1 || model.message_passing_steps <= 1) return;
    if (comm.mode != Comm::SINGLE) {
        lammps->error->all(FLERR,
                           "pair_style sezm on several ranks needs one ghost cutoff for all types: "
                           "add 'comm_modify mode single'");
    }
    // cutghostuser is what comm_modify sets; LAMMPS' own choice, one cutoff, is too little anyway
    const double needed = model.cutoff * model.message_passing_steps + lammps->neighbor->skin;
    if (comm.cutghostuser >= needed) return;
    lammps->error->all(FLERR,
                       "pair_style sezm on several ranks needs ghosts out to {} (cutoff times "
                       "message-passing steps, plus skin): export the file with 'sezm export "
                       "--staged', which needs one cutoff, or add 'comm_modify cutoff {}'",
                       needed, std::ceil(needed * 1000) / 1000);
}

void check_atom_virials(const sezm::Metadata &model, LAMMPS *lammps) {
    const auto &outputs = model.outputs;
    const bool given =
        std::any_of(outputs.begin(), outputs.end(),
                    [](const sezm::TensorSpec &spec) { return spec.name == "atom_virial"; });
    if (given) return;
    if (model.forces_kind == "direct") {
        lammps->error->all(FLERR, "pair_style sezm: models with direct forces have no virial");
    }
    lammps->error->all(FLERR,
                       "pair_style sezm: this file gives no virials per atom; export it with "
                       "--atom-virial");
}

}  // namespace LAMMPS_NS
