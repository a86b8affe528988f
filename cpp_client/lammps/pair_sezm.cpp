#include "pair_sezm.hpp"

#include <algorithm>
#include <cstring>

#include "atom.h"
#include "checks.hpp"
#include "citeme.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "memory.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "tally.hpp"
#include "utils.h"

namespace LAMMPS_NS {

namespace {

constexpr char citation[] =
    "pair_style sezm: the trainer of SeZM/DPA4 models, doi:10.1021/acs.jctc.5c00340\n\n"
    "@Article{Zeng2025,\n"
    " author =  {Zeng, Jinzhe and others},\n"
    " title =   {{DeePMD-kit} v3: A Multiple-Backend Framework for Machine Learning Potentials},\n"
    " journal = {Journal of Chemical Theory and Computation},\n"
    " year =    {2025},\n"
    " doi =     {10.1021/acs.jctc.5c00340}\n"
    "}\n\n";

}  // namespace

PairSezm::PairSezm(LAMMPS *lammps) : Pair(lammps) {
    single_enable = 0;
    restartinfo = 0;
    one_coeff = 1;
    manybody_flag = 1;
    no_virial_fdotr_compute = 1;
    centroidstressflag = CENTROID_NOTAVAIL;
    if (lmp->citeme) lmp->citeme->add(citation);
}

PairSezm::~PairSezm() {
    if (allocated) {
        memory->destroy(setflag);
        memory->destroy(cutsq);
    }
}

void PairSezm::settings(int count, char **words) { settings_ = read_settings(count, words, lmp); }

void PairSezm::coeff(int count, char **words) {
    const int n_types = atom->ntypes;
    if (count != 3 + n_types || strcmp(words[0], "*") != 0 || strcmp(words[1], "*") != 0) {
        error->all(FLERR,
                   "pair_coeff of pair_style sezm is: * * FILE ELEMENT..., with one element for "
                   "each of the {} atom types",
                   n_types);
    }
    load(words[2]);
    assign_elements(words + 3);
}

void PairSezm::load(const char *path) {
    try {
        model_ = std::make_unique<sezm::Model>(sezm::Model::load(path, settings_.options));
        pass_inputs(settings_, *model_);
    } catch (const sezm::Error &failure) {
        error->one(FLERR, "pair_style sezm: {}", failure.what());  // perhaps on one machine only
    }
    const sezm::Metadata &model = model_->metadata();
    if (comm->me != 0) return;
    utils::logmesg(lmp, "pair_style sezm: {}, {}, cutoff {} Angstrom, {} message-passing steps\n",
                   path, model.dtype, model.cutoff, model.message_passing_steps);
    if (model.forces_kind == "direct") {
        error->warning(FLERR,
                       "pair_style sezm: this model predicts forces directly and has no virial; "
                       "pressure and stress are not a number");
    }
}

void PairSezm::assign_elements(char **symbols) {
    const int n_types = atom->ntypes;
    const std::vector<std::string> &known = model_->metadata().elements;
    number_of_type_.assign(n_types + 1, 0);
    for (int type = 1; type <= n_types; ++type) {
        const char *symbol = symbols[type - 1];
        if (strcmp(symbol, "NULL") == 0) continue;
        if (std::find(known.begin(), known.end(), symbol) == known.end()) {
            std::string all;
            for (const std::string &each : known) all += " " + each;
            error->all(FLERR, "pair_style sezm: {} (type {}) is none of the model's elements:{}",
                       symbol, type, all);
        }
        number_of_type_[type] = sezm::atomic_number(symbol);
    }
    if (!allocated) {
        memory->create(setflag, n_types + 1, n_types + 1, "pair:setflag");
        memory->create(cutsq, n_types + 1, n_types + 1, "pair:cutsq");
        allocated = 1;
    }
    for (int i = 1; i <= n_types; ++i) {
        for (int j = 1; j <= n_types; ++j) {
            setflag[i][j] = number_of_type_[i] != 0 && number_of_type_[j] != 0;
        }
    }
}

bool PairSezm::folds_ghosts() const { return comm->nprocs == 1; }

void PairSezm::init_style() {
    if (!atom->tag_enable) error->all(FLERR, "pair_style sezm needs atom IDs");
    energy_unit_ = energy_unit(lmp);
    check_pairs(lmp);
    check_ghost_shell(model_->metadata(), lmp);
    using namespace NeighConst;
    neighbor->add_request(this, folds_ghosts() ? REQ_FULL : REQ_FULL | REQ_GHOST);
}

double PairSezm::init_one(int, int) { return model_->metadata().cutoff; }

sezm::Results PairSezm::evaluate() {
    const sezm::Metadata &model = model_->metadata();
    const GraphSource source{*atom,           *list,          model,
                             number_of_type_, folds_ghosts(), neighbor->ago == 0};
    if (model.dtype == "float32") return model_->compute_edges(single_.gather(source));
    return model_->compute_edges(twice_.gather(source));
}

void PairSezm::compute(int eflag, int vflag) {
    ev_init(eflag, vflag);
    if (vflag_atom) check_atom_virials(model_->metadata(), lmp);
    if (atom->nlocal == 0) return;  // nobody here whose energy counts
    try {
        add_results(evaluate(), energy_unit_, atom->nlocal, atom->f, *this);
    } catch (const sezm::Error &failure) {
        error->one(FLERR, "pair_style sezm: {}", failure.what());
    }
}

double PairSezm::memory_usage() { return Pair::memory_usage() + single_.bytes() + twice_.bytes(); }

}  // namespace LAMMPS_NS
