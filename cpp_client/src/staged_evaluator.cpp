#include "staged_evaluator.hpp"

#include <algorithm>
#include <numeric>

#include "contract.hpp"

namespace sezm {

namespace {

/// Calls `add(source, target, slope, vec)` with both atoms of each edge, the energy's gradient by
/// its vector, and the vector.
template <class Real, class Add>
void for_each_edge(const std::vector<Tensor> &structure, const Real *gradient, const Add &add) {
    const auto n_edges = static_cast<std::size_t>(structure[edge_vec].shape[0]);
    const auto *source = static_cast<const std::int64_t *>(structure[edge_index].data);
    const auto *target = source + n_edges;
    const auto *vec = static_cast<const Real *>(structure[edge_vec].data);
    for (std::size_t e = 0; e < n_edges; ++e) {
        add(source[e], target[e], gradient + 3 * e, vec + 3 * e);
    }
}

}  // namespace

template <class Real>
StagedEvaluator<Real>::StagedEvaluator(const Metadata &metadata)
    : stages_(metadata),
      gives_atom_virial_(
          std::any_of(metadata.outputs.begin(), metadata.outputs.end(),
                      [](const TensorSpec &output) { return output.name == "atom_virial"; })) {}

template <class Real>
Results StagedEvaluator<Real>::run(Session &session, const std::vector<Tensor> &structure,
                                   std::size_t own_count, Exchange<Real> *exchange) {
    const StageResults<Real> found = stages_.run(session, structure, own_count, exchange);
    const auto n_atoms = static_cast<std::size_t>(structure[atomic_numbers].shape[0]);
    results_ = {};
    results_.atom_count = n_atoms;
    results_.has_virial = true;
    atom_energy_.assign(n_atoms, 0.0);
    std::copy_n(found.atom_energy, own_count, atom_energy_.begin());
    results_.energy = std::accumulate(atom_energy_.begin(), atom_energy_.end(), 0.0);
    results_.atom_energy = atom_energy_.data();
    forces_.assign(3 * n_atoms, 0.0);
    sum_over_edges(structure, found.edge_vec_grad);
    results_.forces = forces_.data();
    if (gives_atom_virial_) {
        atom_virial_.assign(9 * n_atoms, 0.0);
        add_virials_to_atoms(structure, found.edge_vec_grad);
        results_.atom_virial = atom_virial_.data();
    }
    if (found.spins_grad != nullptr) {
        magnetic_forces_.resize(3 * n_atoms);
        std::transform(found.spins_grad, found.spins_grad + 3 * n_atoms, magnetic_forces_.begin(),
                       [](Real gradient) { return -static_cast<double>(gradient); });
        results_.magnetic_forces = magnetic_forces_.data();
    }
    return results_;
}

template <class Real>
void StagedEvaluator<Real>::sum_over_edges(const std::vector<Tensor> &structure,
                                           const Real *gradient) {
    for_each_edge(structure, gradient, [&](auto source, auto target, auto slope, auto vec) {
        for (std::size_t x = 0; x < 3; ++x) {
            forces_[3 * target + x] += slope[x];
            forces_[3 * source + x] -= slope[x];
            for (std::size_t y = 0; y < 3; ++y) {
                results_.virial[3 * x + y] -= static_cast<double>(slope[x]) * vec[y];
            }
        }
    });
}

template <class Real>
void StagedEvaluator<Real>::add_virials_to_atoms(const std::vector<Tensor> &structure,
                                                 const Real *gradient) {
    for_each_edge(structure, gradient, [&](auto source, auto target, auto slope, auto vec) {
        for (std::size_t k = 0; k < 9; ++k) {
            const double share = -0.5 * slope[k / 3] * vec[k % 3];
            atom_virial_[9 * target + k] += share;
            atom_virial_[9 * source + k] += share;
        }
    });
}

template <class Real>
void check_domain(const Edges<Real> &edges, std::size_t own_count) {
    if (own_count > edges.atom_count) {
        throw Error(ErrorCode::argument, "the domain has " + std::to_string(own_count) +
                                             " own atoms, but only " +
                                             std::to_string(edges.atom_count) +
                                             " atoms at all; count ghosts in atom_count, too.");
    }
    const auto n_own = static_cast<std::int64_t>(own_count);
    const auto *targets = edges.edge_index + edges.edge_count;
    const auto *ghost = std::find_if(targets, targets + edges.edge_count,
                                     [&](std::int64_t target) { return target >= n_own; });
    if (ghost != targets + edges.edge_count) {
        throw Error(ErrorCode::argument, "an edge leads to atom " + std::to_string(*ghost) +
                                             ", but own atoms are 0 to " +
                                             std::to_string(n_own - 1) +
                                             "; leave out edges towards ghosts.");
    }
}

void refuse_ordinary_file() {
    throw Error(
        ErrorCode::argument,
        "domains need a staged file, and this one is not: run 'sezm export --staged' on the "
        "checkpoint, or compute ghosts as well (compute_edges).");
}

void refuse_precision(bool file_is_single) {
    const std::string own = file_is_single ? "float" : "double";
    throw Error(ErrorCode::dtype,
                "the file computes in " + std::string(file_is_single ? "float32" : "float64") +
                    ", so domains are given as Edges<" + own + "> and Exchange<" + own + ">.");
}

template class StagedEvaluator<float>;
template class StagedEvaluator<double>;
template void check_domain(const Edges<float> &, std::size_t);
template void check_domain(const Edges<double> &, std::size_t);

}  // namespace sezm
