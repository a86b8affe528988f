/// The inputs of one call as the graph wants them: by name and order, padded for static files.
#pragma once

#include <string>
#include <vector>

#include "optional_inputs.hpp"
#include "session.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// Lays out tensors in the precision `Real`. Arrays of the caller are passed on in place; what has
/// to be made (batch, masks, padding) is kept from call to call.
template <class Real>
class InputTensors {
  public:
    /// @param metadata must live as long as this
    explicit InputTensors(const Metadata &metadata);

    OptionalInputs<Real> optional;

    /// Tensors in the graph's order, valid until the next call and as long as `edges` is.
    ///
    /// @param distances [E], lengths of the edges; null: computed here
    ///
    /// Throws Error: an index or element out of range, sizes beyond a static file's, an optional
    /// input that is missing.
    const std::vector<Tensor> &lay_out(const Edges<Real> &edges, const Real *distances);

  private:
    void check(const Edges<Real> &edges) const;
    void check_sizes(const Edges<Real> &edges) const;
    void lay_out_atoms(const Edges<Real> &edges);
    void lay_out_edges(const Edges<Real> &edges, const Real *distances);

    const Metadata &metadata_;
    std::vector<bool> known_elements_;
    std::vector<Tensor> tensors_;
    std::int64_t natoms_ = 0;
    std::vector<std::int64_t> numbers_, batch_, index_;
    std::vector<Real> positions_, mask_, vectors_, distances_;
};

}  // namespace sezm
