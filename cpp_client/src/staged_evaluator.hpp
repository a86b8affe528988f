/// From the tensors of a domain to results, by the programs of a staged file.
#pragma once

#include <vector>

#include "session.hpp"
#include "sezm/sezm.hpp"
#include "stage_run.hpp"

namespace sezm {

/// Memory is kept from call to call.
template <class Real>
class StagedEvaluator {
  public:
    /// @param metadata of a staged file; must live as long as this
    explicit StagedEvaluator(const Metadata &metadata);

    /// Evaluate own atoms and ghosts; arguments are those of StageRun::run.
    Results run(Session &session, const std::vector<Tensor> &structure, std::size_t own_count,
                Exchange<Real> *exchange);

  private:
    void sum_over_edges(const std::vector<Tensor> &structure, const Real *gradient);
    void add_virials_to_atoms(const std::vector<Tensor> &structure, const Real *gradient);

    StageRun<Real> stages_;
    bool gives_atom_virial_;
    Results results_;
    std::vector<double> atom_energy_, forces_, atom_virial_, magnetic_forces_;
};

/// Refuse what `Model::compute_domain` cannot compute.
///
/// Throws Error (argument): more own atoms than atoms, or edges towards ghosts.
template <class Real>
void check_domain(const Edges<Real> &edges, std::size_t own_count);

/// Throws Error (argument): domains of a file that is not staged.
[[noreturn]] void refuse_ordinary_file();

/// Throws Error (dtype): domains in another precision than the file's.
[[noreturn]] void refuse_precision(bool file_is_single);

}  // namespace sezm
