#include "evaluator.hpp"

#include <type_traits>

#include "input_tensors.hpp"
#include "neighbor_list.hpp"
#include "output_tensors.hpp"
#include "staged_evaluator.hpp"

namespace sezm {
namespace {

template <class Real>
class TypedEvaluator : public Evaluator {
  public:
    TypedEvaluator(const Metadata &metadata, double skin, std::unique_ptr<Session> session)
        : session_(std::move(session)),
          neighbors_(metadata.cutoff, skin, metadata.max_neighbors),
          inputs_(metadata),
          outputs_(metadata) {
        if (metadata.stages) staged_ = std::make_unique<StagedEvaluator<Real>>(metadata);
    }

    Results evaluate(const Atoms &atoms, const Cell &cell, const Periodic &periodic) override {
        neighbors_.update(atoms, cell, periodic, edges_);
        positions_.assign(atoms.positions, atoms.positions + 3 * atoms.count);
        Edges<Real> view;
        view.atom_count = atoms.count;
        view.positions = positions_.data();
        view.atomic_numbers = atoms.atomic_numbers;
        view.edge_count = edges_.count;
        view.edge_index = edges_.index.data();
        view.edge_vec = edges_.vectors.data();
        return run(view, edges_.distances.data());
    }

    Results evaluate(const Edges<float> &edges) override { return run(converted(edges), nullptr); }
    Results evaluate(const Edges<double> &edges) override { return run(converted(edges), nullptr); }

    Results evaluate_domain(const Edges<float> &edges, std::size_t own_count,
                            Exchange<float> &exchange) override {
        return run_domain(edges, own_count, exchange);
    }
    Results evaluate_domain(const Edges<double> &edges, std::size_t own_count,
                            Exchange<double> &exchange) override {
        return run_domain(edges, own_count, exchange);
    }

    void set_input(const std::string &name, const double *values, std::size_t count) override {
        inputs_.optional.set(name, values, count);
    }

    std::size_t neighbor_searches() const override { return neighbors_.searches(); }

  private:
    /// The same edges in the file's precision: themselves, or a copy.
    template <class Given>
    Edges<Real> converted(const Edges<Given> &edges) {
        if constexpr (std::is_same_v<Given, Real>) {
            return edges;
        } else {
            Edges<Real> copy;
            copy.atom_count = edges.atom_count;
            copy.positions = copied(edges.positions, 3 * edges.atom_count, positions_);
            copy.atomic_numbers = edges.atomic_numbers;
            copy.atom_mask = copied(edges.atom_mask, edges.atom_count, mask_);
            copy.edge_count = edges.edge_count;
            copy.edge_index = edges.edge_index;
            copy.edge_vec = copied(edges.edge_vec, 3 * edges.edge_count, edges_.vectors);
            return copy;
        }
    }

    template <class Given>
    static const Real *copied(const Given *from, std::size_t count, std::vector<Real> &to) {
        if (from == nullptr) return nullptr;
        to.assign(from, from + count);
        return to.data();
    }

    Results run(const Edges<Real> &edges, const Real *distances) {
        if (edges.atom_count == 0) return {};
        const auto &inputs = inputs_.lay_out(edges, distances);
        if (staged_) return staged_->run(*session_, inputs, edges.atom_count, nullptr);
        session_->run(inputs, outputs_.reserve(static_cast<std::size_t>(inputs[0].shape[0])));
        return outputs_.results(edges.atom_count);
    }

    template <class Given>
    Results run_domain(const Edges<Given> &edges, std::size_t own_count,
                       Exchange<Given> &exchange) {
        if (!staged_) refuse_ordinary_file();
        if constexpr (std::is_same_v<Given, Real>) {
            check_domain(edges, own_count);
            return staged_->run(*session_, inputs_.lay_out(edges, nullptr), own_count, &exchange);
        } else {
            refuse_precision(sizeof(Real) == sizeof(float));
        }
    }

    std::unique_ptr<Session> session_;
    NeighborList neighbors_;
    EdgeBuffer<Real> edges_;
    std::vector<Real> positions_, mask_;
    InputTensors<Real> inputs_;
    OutputTensors<Real> outputs_;
    std::unique_ptr<StagedEvaluator<Real>> staged_;  // of a staged file
};

}  // namespace

std::unique_ptr<Evaluator> make_evaluator(const Metadata &metadata, double skin,
                                          std::unique_ptr<Session> session) {
    if (metadata.dtype == "float32") {
        return std::make_unique<TypedEvaluator<float>>(metadata, skin, std::move(session));
    }
    return std::make_unique<TypedEvaluator<double>>(metadata, skin, std::move(session));
}

}  // namespace sezm
