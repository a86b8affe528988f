/// The inputs that only some files have: charge, charge and spin, frame and atomic parameters, spin
/// vectors.
#pragma once

#include <string>
#include <vector>

#include "session.hpp"
#include "sezm/sezm.hpp"

namespace sezm {

/// Values set by the caller, or the file's defaults, in the precision `Real`.
template <class Real>
class OptionalInputs {
  public:
    /// @param metadata must live as long as this
    explicit OptionalInputs(const Metadata &metadata);

    /// Remember an input for all calls that follow; without values, forget it.
    ///
    /// Throws Error (input): the file takes no such input, not of that size, or not such values.
    void set(const std::string &name, const double *values, std::size_t count);

    /// Point `tensors`, which come behind the required ones, to the values.
    ///
    /// @param n_atoms of the system
    /// @param n_rows of inputs with one row per atom: n_atoms, or more with padding
    ///
    /// Throws Error (input): one is missing, or was set for another number of atoms.
    void lay_out(std::size_t n_atoms, std::size_t n_rows, Tensor *tensors);

  private:
    struct Optional {
        std::string name;
        bool per_atom;  // rather than per system
        std::size_t width;
        std::vector<double> known;     // the only values with a meaning; empty for any
        std::vector<double> fallback;  // the file's default; empty if it has none
        std::vector<Real> values;      // empty: not set
        std::vector<Real> padded;
    };

    Optional &find(const std::string &name);

    std::vector<Optional> inputs_;
};

}  // namespace sezm
