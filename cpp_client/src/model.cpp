#include "backends.hpp"
#include "contract.hpp"
#include "evaluator.hpp"
#include "metadata.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

class Model::Implementation {
  public:
    Implementation(const std::string &path, const Options &options) {
        auto session = open_session(path, options);
        const std::string record = session->metadata_json();
        if (record.empty()) {
            throw Error(ErrorCode::file,
                        path + ": not a file that 'sezm export' wrote (it has no " + metadata_key +
                            "); run 'sezm export' on the "
                            "checkpoint it came from.");
        }
        metadata = parse_metadata(record, path);
        if (!options.dtype.empty() && options.dtype != metadata.dtype) {
            throw Error(ErrorCode::dtype, path + ": computes in " + metadata.dtype +
                                              " since its export; for " + options.dtype +
                                              " run 'sezm export --dtype " + options.dtype +
                                              "' on the checkpoint.");
        }
        evaluator = make_evaluator(metadata, options.skin, std::move(session));
    }

    Metadata metadata;
    std::unique_ptr<Evaluator> evaluator;
};

Model::Model(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
Model::Model(Model &&) noexcept = default;
Model &Model::operator=(Model &&) noexcept = default;
Model::~Model() = default;

Model Model::load(const std::string &path, const Options &options) {
    return Model(std::make_unique<Implementation>(path, options));
}

const Metadata &Model::metadata() const noexcept { return implementation_->metadata; }

Results Model::compute(const Atoms &atoms, const Cell &cell, const Periodic &periodic) {
    return implementation_->evaluator->evaluate(atoms, cell, periodic);
}

Results Model::compute_edges(const Edges<float> &edges) {
    return implementation_->evaluator->evaluate(edges);
}

Results Model::compute_edges(const Edges<double> &edges) {
    return implementation_->evaluator->evaluate(edges);
}

Results Model::compute_domain(const Edges<float> &edges, std::size_t own_count,
                              Exchange<float> &exchange) {
    return implementation_->evaluator->evaluate_domain(edges, own_count, exchange);
}

Results Model::compute_domain(const Edges<double> &edges, std::size_t own_count,
                              Exchange<double> &exchange) {
    return implementation_->evaluator->evaluate_domain(edges, own_count, exchange);
}

void Model::set_input(const std::string &name, const double *values, std::size_t count) {
    implementation_->evaluator->set_input(name, values, count);
}

std::size_t Model::neighbor_searches() const noexcept {
    return implementation_->evaluator->neighbor_searches();
}

}  // namespace sezm
