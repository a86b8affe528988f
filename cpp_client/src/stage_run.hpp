/// The programs of a staged file, one after the other (export/FORMAT.md, "Staged files").
#pragma once

#include <vector>

#include "session.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// What the programs say about own atoms and ghosts; views, valid until the next run.
template <class Real>
struct StageResults {
    const double *atom_energy;  ///< [N] masked
    const Real *edge_vec_grad;  ///< [E, 3] dE/d(edge_vec)
    const Real *spins_grad;     ///< [A, 3]; null unless the model takes spins
};

/// Runs a file's stages forwards, then backwards:
///
///     s = 0 .. S-2:  carried_s+1, sent_s+1 = stage_s(carried_s, received_s)
///                    received_s+1          = sent_s+1 of own atoms, and of ghosts by the exchange
///     s = S-1 .. 0:  d/d(carried_s), d/d(received_s), d/d(edge_vec)
///                    d/d(sent_s)           = d/d(received_s), with the ghosts' shares sent home
///
/// `sent` and `received`, and their gradients, are one array [A, V] of which the engine writes or
/// reads the first N or all rows. Memory is kept from run to run.
template <class Real>
class StageRun {
  public:
    /// @param metadata of a staged file; must live as long as this
    explicit StageRun(const Metadata &metadata);

    /// @param session of the file
    /// @param structure tensors of all A atoms in the order of the contract (contract.hpp)
    /// @param own_count atoms that are computed, N; all edges lead to them. Without any no program
    ///     runs, but exchanges take place
    /// @param exchange with other parts of the system; null: all atoms are here
    StageResults<Real> run(Session &session, const std::vector<Tensor> &structure,
                           std::size_t own_count, Exchange<Real> *exchange);

  private:
    /// Arrays between two stages: features, or gradients with respect to them.
    struct HandedOn {
        std::vector<Real> carried;  // [N, W]
        std::vector<Real> sent;     // [A, V]
    };

    void lay_out(const std::vector<Tensor> &structure, std::size_t own_count);
    void forwards(Session &session, std::size_t stage);
    void backwards(Session &session, std::size_t stage);
    /// Empty all tensors that not every program has, but for the features that a stage is handed.
    void hand_to(std::size_t stage);

    std::vector<StageWidths> widths_;  // after stages 0 .. S-2
    bool takes_spins_;
    std::size_t own_ = 0, all_ = 0, edges_ = 0;
    std::int64_t program_ = 0;
    std::vector<Tensor> inputs_, outputs_;
    std::vector<HandedOn> features_;  // after stages 0 .. S-2
    HandedOn gradients_, gradients_before_;
    std::vector<double> atom_energy_;
    std::vector<Real> edge_vec_grad_, edge_vec_part_, spins_grad_, spins_part_;
};

}  // namespace sezm
