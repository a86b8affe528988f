/// pair_style sezm [threads N] [device NAME] [charge Q]
///            [charge_spin CHARGE SPIN] [fparam VALUE...]
/// pair_coeff * * FILE ELEMENT...     (one element per atom type; NULL, in pair_style hybrid: none)
///
/// One rank: ghosts are images of the rank's own atoms and are folded onto them, so that the ghost
/// shell is one cutoff. Several ranks, staged file: ranks compute their own atoms and hand features
/// of them to each other; the ghost shell is one cutoff as well. Several ranks, ordinary file:
/// ghosts are atoms of the graph with mask 0, out to cutoff times message-passing steps
/// (`comm_modify cutoff`). LAMMPS sends forces on ghosts home.
///
/// `compute ID all pair sezm` gives, summed over ranks and of the last step: [1] bytes of features
/// and gradients handed on, [2] atoms that were computed, [3] ghosts.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "feature_exchange.hpp"
#include "graph.hpp"
#include "pair.h"
#include "settings.hpp"

namespace LAMMPS_NS {

class PairSezm : public Pair {
  public:
    explicit PairSezm(class LAMMPS *lammps);
    ~PairSezm() override;

    void settings(int count, char **words) override;
    void coeff(int count, char **words) override;
    void init_style() override;
    double init_one(int, int) override;
    void compute(int eflag, int vflag) override;
    double memory_usage() override;
    int pack_forward_comm(int n, int *atoms, double *buffer, int, int *) override;
    void unpack_forward_comm(int n, int first, double *buffer) override;
    int pack_reverse_comm(int n, int first, double *buffer) override;
    void unpack_reverse_comm(int n, int *atoms, double *buffer) override;

  private:
    void load(const char *path);
    void assign_elements(char **symbols);
    bool folds_ghosts() const;
    bool exchanges_features() const;
    template <class Real>
    sezm::Results evaluate(GraphBuffer<Real> &graph);
    sezm::Results evaluate();
    void count(const sezm::Results &results);

    Settings settings_;
    std::unique_ptr<sezm::Model> model_;
    std::vector<std::int64_t> number_of_type_;  // [ntypes + 1]; 0: NULL
    double energy_unit_ = 1;                    // of LAMMPS' unit style over eV
    GraphBuffer<float> single_;
    GraphBuffer<double> twice_;
    FeatureExchange exchange_{*this, comm};
    std::array<double, 3> counts_{};  // what `compute pair` shows
};

}  // namespace LAMMPS_NS
