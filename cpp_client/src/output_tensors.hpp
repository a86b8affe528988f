/// Memory for the outputs of a call, and what they mean as results.
#pragma once

#include <vector>

#include "session.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// Outputs of a model that computes in `Real`; memory is kept from call to call.
template <class Real>
class OutputTensors {
  public:
    /// @param metadata must live as long as this
    explicit OutputTensors(const Metadata &metadata);

    /// Room for the outputs of a call for `n_atoms` atoms (as many as the file is padded to).
    const std::vector<Tensor> &reserve(std::size_t n_atoms);

    /// What the filled tensors say of the first `n_atoms` atoms; views valid until the next call.
    Results results(std::size_t n_atoms);

  private:
    struct Output {
        std::vector<Real> real;       // in the model's precision
        std::vector<double> float64;  // as results give it
    };

    const double *as_double(Output &output, std::size_t count);

    const Metadata &metadata_;
    std::vector<Tensor> tensors_;
    std::vector<Output> outputs_;
};

}  // namespace sezm
