#include "pair_sezm.hpp"

#include <algorithm>
#include <cstring>

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

namespace LAMMPS_NS {

namespace {

constexpr double kilocalories_per_mole = 23.060549;  // in one eV, LAMMPS' own value

}  // namespace

PairSezm::PairSezm(LAMMPS *lammps) : Pair(lammps) {
    single_enable = 0;
    restartinfo = 0;
    one_coeff = 1;
    manybody_flag = 1;
    no_virial_fdotr_compute = 1;
    centroidstressflag = CENTROID_NOTAVAIL;
    options_.threads = 1;  // cores belong to ranks
}

PairSezm::~PairSezm() {
    if (allocated) {
        memory->destroy(setflag);
        memory->destroy(cutsq);
    }
}

void PairSezm::settings(int count, char **words) {
    for (int i = 0; i < count; i += 2) {
        if (i + 1 == count) error->all(FLERR, "pair_style sezm: {} lacks its value", words[i]);
        if (strcmp(words[i], "threads") == 0) {
            options_.threads = utils::inumeric(FLERR, words[i + 1], false, lmp);
        } else if (strcmp(words[i], "device") == 0) {
            options_.device = words[i + 1];
        } else if (strcmp(words[i], "charge") == 0) {
            charge_ = utils::numeric(FLERR, words[i + 1], false, lmp);
        } else {
            error->all(FLERR,
                       "pair_style sezm: unknown keyword {}; it takes threads, device and charge",
                       words[i]);
        }
    }
}

void PairSezm::coeff(int count, char **words) {
    const int n_types = atom->ntypes;
    if (count != 3 + n_types || strcmp(words[0], "*") != 0 || strcmp(words[1], "*") != 0) {
        error->all(FLERR,
                   "pair_coeff of pair_style sezm is: * * FILE ELEMENT..., with one element for "
                   "each of the {} atom types",
                   n_types);
    }
    number_of_type_.assign(n_types + 1, 0);
    try {
        model_ = std::make_unique<sezm::Model>(sezm::Model::load(words[2], options_));
        if (charge_) model_->set_input("charge", &*charge_, 1);
        for (int type = 1; type <= n_types; ++type) {
            number_of_type_[type] = sezm::atomic_number(words[2 + type]);
        }
    } catch (const sezm::Error &failure) {
        error->all(FLERR, "pair_style sezm: {}", failure.what());
    }
    const sezm::Metadata &metadata = model_->metadata();
    for (int type = 1; type <= n_types; ++type) {
        const auto &known = metadata.elements;
        if (std::find(known.begin(), known.end(), words[2 + type]) == known.end()) {
            std::string all;
            for (const std::string &symbol : known) all += " " + symbol;
            error->all(FLERR, "pair_style sezm: {} (type {}) is none of the elements of {}:{}",
                       words[2 + type], type, words[2], all);
        }
    }
    if (!allocated) {
        memory->create(setflag, n_types + 1, n_types + 1, "pair:setflag");
        memory->create(cutsq, n_types + 1, n_types + 1, "pair:cutsq");
        allocated = 1;
    }
    for (int i = 1; i <= n_types; ++i) {
        for (int j = 1; j <= n_types; ++j) setflag[i][j] = 1;
    }
}

bool PairSezm::folds_ghosts() const { return comm->nprocs == 1; }

void PairSezm::check_units() {
    if (strcmp(update->unit_style, "metal") == 0) {
        energy_unit_ = 1;
    } else if (strcmp(update->unit_style, "real") == 0) {
        energy_unit_ = kilocalories_per_mole;
    } else {
        error->all(FLERR, "pair_style sezm needs 'units metal' or 'units real', not {}",
                   update->unit_style);
    }
}

void PairSezm::check_ghost_shell() {
    const sezm::Metadata &metadata = model_->metadata();
    if (folds_ghosts() || metadata.message_passing_steps <= 1) return;
    // cutghostuser is what comm_modify sets; LAMMPS' own choice, one cutoff, is too little anyway
    const double needed = metadata.cutoff * metadata.message_passing_steps + neighbor->skin;
    if (comm->cutghostuser >= needed) return;
    error->all(FLERR,
               "pair_style sezm on several ranks needs ghosts out to {} (cutoff times "
               "message-passing steps, plus skin): add 'comm_modify cutoff {}'",
               needed, needed);
}

void PairSezm::check_whole_system() {
    if (folds_ghosts() || !model_->metadata().whole_system) return;
    error->all(FLERR,
               "pair_style sezm: in this model every atom counts for every other (charges add up "
               "to that of the system), so it cannot be divided among ranks: run LAMMPS on one "
               "rank, with 'pair_style sezm threads N' for more cores");
}

void PairSezm::check_special_bonds() {
    for (int k = 1; k <= 3 && atom->molecular != Atom::ATOMIC; ++k) {
        if (force->special_lj[k] == 0 && force->special_coul[k] == 0) {
            error->all(FLERR,
                       "pair_style sezm needs the pairs that special_bonds leaves out: add "
                       "'special_bonds lj/coul 1 1 1'");
        }
    }
}

void PairSezm::init_style() {
    if (!model_) error->all(FLERR, "pair_style sezm: pair_coeff is missing");
    if (!force->newton_pair) error->all(FLERR, "pair_style sezm needs 'newton on'");
    if (!atom->tag_enable) error->all(FLERR, "pair_style sezm needs atom IDs");
    check_units();
    check_whole_system();
    check_ghost_shell();
    check_special_bonds();
    using namespace NeighConst;
    neighbor->add_request(this, folds_ghosts() ? REQ_FULL : REQ_FULL | REQ_GHOST);
}

double PairSezm::init_one(int, int) { return model_->metadata().cutoff; }

sezm::Results PairSezm::evaluate() {
    const sezm::Metadata &metadata = model_->metadata();
    const GraphSource source{*atom,
                             *list,
                             number_of_type_,
                             metadata.cutoff,
                             metadata.message_passing_steps,
                             folds_ghosts(),
                             neighbor->ago == 0};
    if (metadata.dtype == "float32") return model_->compute_edges(single_.gather(source));
    return model_->compute_edges(twice_.gather(source));
}

void PairSezm::add(const sezm::Results &results) {
    for (std::size_t i = 0; i < results.atom_count; ++i) {
        for (int x = 0; x < 3; ++x) atom->f[i][x] += energy_unit_ * results.forces[3 * i + x];
    }
    if (eflag_global) eng_vdwl += energy_unit_ * results.energy;
    for (int i = 0; eflag_atom && i < atom->nlocal; ++i) {
        eatom[i] += energy_unit_ * results.atom_energy[i];
    }
    constexpr int voigt[6] = {0, 4, 8, 1, 2, 5};  // xx yy zz xy xz yz of a [3, 3]
    constexpr int mirror[6] = {0, 4, 8, 3, 6, 7};
    for (int k = 0; k < 6; ++k) {
        const auto symmetric = [&](const double *tensor) {
            return energy_unit_ * (tensor[voigt[k]] + tensor[mirror[k]]) / 2;
        };
        if (vflag_global) virial[k] += symmetric(results.virial.data());
        for (std::size_t i = 0; vflag_atom && i < results.atom_count; ++i) {
            vatom[i][k] += symmetric(results.atom_virial + 9 * i);
        }
    }
}

void PairSezm::compute(int eflag, int vflag) {
    ev_init(eflag, vflag);
    if (atom->nlocal == 0) return;  // nobody here whose energy counts
    try {
        const sezm::Results results = evaluate();
        if (vflag_atom && results.atom_virial == nullptr) {
            error->one(FLERR,
                       "pair_style sezm: this file gives no virials per atom; export it with "
                       "--atom-virial");
        }
        if ((vflag_global || vflag_atom) && !results.has_virial) {
            error->one(FLERR, "pair_style sezm: models with direct forces have no virial");
        }
        add(results);
    } catch (const sezm::Error &failure) {
        error->one(FLERR, "pair_style sezm: {}", failure.what());
    }
}

double PairSezm::memory_usage() { return single_.bytes() + twice_.bytes(); }

}  // namespace LAMMPS_NS
