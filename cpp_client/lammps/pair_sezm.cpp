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
    nextra = static_cast<int>(counts_.size());
    pvector = counts_.data();
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
        } else {
            error->all(FLERR, "pair_style sezm: unknown keyword {}; it takes threads and device",
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

bool PairSezm::exchanges_features() const {
    return !folds_ghosts() && model_->metadata().stages.has_value();
}

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
    if (folds_ghosts() || exchanges_features() || metadata.message_passing_steps <= 1) return;
    // cutghostuser is what comm_modify sets; LAMMPS' own choice, one cutoff, is too little anyway
    const double needed = metadata.cutoff * metadata.message_passing_steps + neighbor->skin;
    if (comm->cutghostuser >= needed) return;
    error->all(FLERR,
               "pair_style sezm on several ranks needs ghosts out to {} (cutoff times "
               "message-passing steps, plus skin): export the file with 'sezm export --staged', "
               "which needs one cutoff, or add 'comm_modify cutoff {}'",
               needed, needed);
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
    check_ghost_shell();
    check_special_bonds();
    using namespace NeighConst;
    const bool own_lists_only = folds_ghosts() || exchanges_features();
    neighbor->add_request(this, own_lists_only ? REQ_FULL : REQ_FULL | REQ_GHOST);
    if (exchanges_features()) exchange_.announce(model_->metadata(), *force->pair);
}

double PairSezm::init_one(int, int) { return model_->metadata().cutoff; }

template <class Real>
sezm::Results PairSezm::evaluate(GraphBuffer<Real> &graph) {
    const sezm::Metadata &metadata = model_->metadata();
    const int steps = exchanges_features() ? 1 : metadata.message_passing_steps;
    const sezm::Edges<Real> edges = graph.gather({*atom, *list, number_of_type_, metadata.cutoff,
                                                  steps, folds_ghosts(), neighbor->ago == 0});
    if (!exchanges_features()) return model_->compute_edges(edges);
    return model_->compute_domain(edges, static_cast<std::size_t>(atom->nlocal), exchange_);
}

sezm::Results PairSezm::evaluate() {
    if (model_->metadata().dtype == "float32") return evaluate(single_);
    return evaluate(twice_);
}

void PairSezm::count(const sezm::Results &results) {
    const auto n_computed =
        exchanges_features() ? static_cast<double>(atom->nlocal) : results.atom_count;
    counts_ = {exchange_.bytes(), n_computed, static_cast<double>(atom->nghost)};
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
    counts_ = {};
    exchange_.forget_bytes();
    if (atom->nlocal == 0 && !exchanges_features()) return;  // nobody here whose energy counts
    try {
        const sezm::Results results = evaluate();
        count(results);
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

int PairSezm::pack_forward_comm(int n, int *atoms, double *buffer, int, int *) {
    return exchange_.pack_forward(n, atoms, buffer);
}

void PairSezm::unpack_forward_comm(int n, int first, double *buffer) {
    exchange_.unpack_forward(n, first, buffer);
}

int PairSezm::pack_reverse_comm(int n, int first, double *buffer) {
    return exchange_.pack_reverse(n, first, buffer);
}

void PairSezm::unpack_reverse_comm(int n, int *atoms, double *buffer) {
    exchange_.unpack_reverse(n, atoms, buffer);
}

double PairSezm::memory_usage() { return single_.bytes() + twice_.bytes(); }

}  // namespace LAMMPS_NS
