/// pair_style sezm [threads N] [device NAME] [charge_spin CHARGE SPIN] [fparam VALUE...]
/// pair_coeff * * FILE ELEMENT...     (one element per atom type; NULL, in pair_style hybrid: none)
///
/// One rank: ghosts are images of the rank's own atoms and are folded onto them, so that the ghost
/// shell is one cutoff. Several ranks: ghosts are atoms of the graph with mask 0, out to cutoff
/// times message-passing steps (`comm_modify cutoff`); LAMMPS sends their forces home.
#pragma once

#include <memory>
#include <vector>

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

  private:
    void load(const char *path);
    void assign_elements(char **symbols);
    bool folds_ghosts() const;
    sezm::Results evaluate();

    Settings settings_;
    std::unique_ptr<sezm::Model> model_;
    std::vector<std::int64_t> number_of_type_;  // [ntypes + 1]; 0: NULL
    double energy_unit_ = 1;                    // of LAMMPS' unit style over eV
    GraphBuffer<float> single_;
    GraphBuffer<double> twice_;
};

}  // namespace LAMMPS_NS
