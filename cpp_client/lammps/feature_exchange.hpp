/// Features of atoms and their gradients on their way between ranks, over LAMMPS' own
/// communication.
#pragma once

#include <cstddef>

#include "sezm/sezm.hpp"

namespace LAMMPS_NS {

class Comm;
class Pair;

/// One forward or reverse communication of LAMMPS per exchange, in which every rank takes part. The
/// pair style, which LAMMPS calls back, passes its four functions on to here. Rows travel as they
/// are in memory, two floats in the place of one double.
class FeatureExchange : public sezm::Exchange<float>, public sezm::Exchange<double> {
  public:
    /// @param pair that LAMMPS calls back, and through which it finds its buffers' size
    FeatureExchange(Pair &pair, Comm *&comm) : pair_(pair), comm_(comm) {}

    /// Tell LAMMPS how large rows get; before it sets up its communication for a run.
    ///
    /// @param outermost the pair style that LAMMPS knows: `pair` itself, or the hybrid around it
    void announce(const sezm::Metadata &model, Pair &outermost);

    void forward(float *values, std::size_t width) override;
    void forward(double *values, std::size_t width) override;
    void reverse(float *gradients, std::size_t width) override;
    void reverse(double *gradients, std::size_t width) override;

    int pack_forward(int n, const int *atoms, double *buffer);
    void unpack_forward(int n, int first, const double *buffer);
    int pack_reverse(int n, int first, double *buffer);
    void unpack_reverse(int n, const int *atoms, const double *buffer);

    /// Bytes that this rank has packed for others, and for its own periodic images.
    double bytes() const { return bytes_; }
    void forget_bytes() { bytes_ = 0; }

  private:
    template <class Real>
    void take(Real *rows, std::size_t width);
    int packed(int n);

    Pair &pair_;
    Comm *&comm_;  // LAMMPS may replace it
    void *rows_ = nullptr;
    std::size_t width_ = 0, row_bytes_ = 0;
    int row_doubles_ = 0;  // of a row in a buffer
    bool is_single_ = false;
    double bytes_ = 0;
};

}  // namespace LAMMPS_NS
