/// pair_style sezm [threads N] [device NAME] [charge Q]
/// pair_coeff * * FILE ELEMENT...            (one element per atom type)
///
/// One rank: ghosts are images of the rank's own atoms and are folded onto them, so that the ghost
/// shell is one cutoff. Several ranks: ghosts are atoms of the graph with mask 0, out to cutoff
/// times message-passing steps (`comm_modify cutoff`); LAMMPS sends their forces home.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph.hpp"
#include "pair.h"
#include "sezm/sezm.hpp"

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
    void check_units();
    void check_ghost_shell();
    void check_whole_system();
    void check_special_bonds();
    bool folds_ghosts() const;
    sezm::Results evaluate();
    void add(const sezm::Results &results);

    sezm::Options options_;
    std::optional<double> charge_;  // e, of the system
    std::unique_ptr<sezm::Model> model_;
    std::vector<std::int64_t> number_of_type_;  // [ntypes + 1]
    double energy_unit_ = 1;                    // of LAMMPS' unit style over eV
    GraphBuffer<float> single_;
    GraphBuffer<double> twice_;
};

}  // namespace LAMMPS_NS
