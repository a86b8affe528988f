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
    nextra = static_cast<int>(counts_.size());
    pvector = counts_.data();
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

bool PairSezm::exchanges_features() const {
    return !folds_ghosts() && model_->metadata().stages.has_value();
}

void PairSezm::init_style() {
    if (!atom->tag_enable) error->all(FLERR, "pair_style sezm needs atom IDs");
    energy_unit_ = energy_unit(lmp);
    check_pairs(lmp);
    check_divisible(model_->metadata(), lmp);
    if (!exchanges_features()) check_ghost_shell(model_->metadata(), lmp);
    using namespace NeighConst;
    const bool own_lists_only = folds_ghosts() || exchanges_features();
    neighbor->add_request(this, own_lists_only ? REQ_FULL : REQ_FULL | REQ_GHOST);
    if (exchanges_features()) exchange_.announce(model_->metadata(), *force->pair);
}

double PairSezm::init_one(int, int) { return model_->metadata().cutoff; }

template <class Real>
sezm::Results PairSezm::evaluate(GraphBuffer<Real> &graph) {
    const sezm::Metadata &model = model_->metadata();
    const int steps = exchanges_features() ? 1 : model.message_passing_steps;
    const sezm::Edges<Real> edges = graph.gather(
        {*atom, *list, model, number_of_type_, steps, folds_ghosts(), neighbor->ago == 0});
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

void PairSezm::compute(int eflag, int vflag) {
    ev_init(eflag, vflag);
    if (vflag_atom) check_atom_virials(model_->metadata(), lmp);
    counts_ = {};
    exchange_.forget_bytes();
    if (atom->nlocal == 0 && !exchanges_features()) return;  // nobody here whose energy counts
    try {
        const sezm::Results results = evaluate();
        count(results);
        add_results(results, energy_unit_, atom->nlocal, atom->f, *this);
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

double PairSezm::memory_usage() { return Pair::memory_usage() + single_.bytes() + twice_.bytes(); }

}  // namespace LAMMPS_NS
