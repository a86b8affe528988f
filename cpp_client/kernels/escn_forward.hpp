// Messages of an eSCN layer, summed at the targets of edges; see export/FORMAT.md.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "escn_edges.hpp"
#include "escn_first.hpp"
#include "escn_second.hpp"
#include "escn_shape.hpp"
#include "escn_sums.hpp"
#include "parallel_for.hpp"

namespace sezm::kernels {
inline namespace SEZM_KERNEL_ISA {

constexpr int ESCN_TILE = 64;  // edges that are multiplied with last weights at once

// Weights as products read them, made once for many calls.
template <class Real>
struct EscnMaps {
    EscnMaps(const EscnShape &shape, const EscnWeights<Real> &weights)
        : of_source(shape, weights.ends[0]),
          of_target(shape, weights.ends[1]),
          second(shape, weights) {}
    EscnFirst<Real> of_source, of_target;
    EscnSecond<Real> second;
};

template <class Real>
class EscnForward {
  public:
    EscnForward(const EscnShape &shape, const EscnTensors<Real> &in, const EscnMaps<Real> &maps,
                Real *workspace, Real *sums)
        : shape_(shape),
          in_(in),
          maps_(maps),
          workspace_(workspace),
          sums_(sums),
          sources_(shape.n_atoms, shape.n_edges, in.source, in.weight),
          targets_(shape.n_atoms, shape.n_edges, in.target, in.weight),
          grid_(shape, in) {}

    void run(const ParallelFor &parallel_for) const {
        std::fill(sums_, sums_ + shape_.n_atoms * shape_.n_packed() * shape_.channels, Real(0));
        const auto n = static_cast<std::int64_t>(sources_.edge.size());
        const HiddenLayers<Real> hidden{workspace_, n};
        parallel_for(static_cast<std::int64_t>(sources_.blocks.size()), [&](std::int64_t i) {
            const EscnBlock &block = sources_.blocks[i];
            typename EscnFirst<Real>::Scratch scratch;
            maps_.of_source.write(in_, block, sources_, scratch, hidden, block.begin());
        });
        std::vector<std::int64_t> place(static_cast<std::size_t>(shape_.n_edges));
        for (std::int64_t i = 0; i < n; ++i) place[sources_.edge[i]] = i;
        parallel_for(static_cast<std::int64_t>(targets_.blocks.size()), [&](std::int64_t i) {
            Scratch scratch(shape_, targets_.blocks[i].n_edges());
            add_messages(targets_.blocks[i], hidden, place, scratch);
        });
    }

  private:
    struct Scratch {
        Scratch(const EscnShape &shape, std::int64_t n_edges)
            : memory(new Real[n_edges * shape.hidden_width()]),
              hidden{memory.get(), n_edges},
              edge_features(static_cast<std::size_t>(ESCN_TILE) * shape.edge_channels),
              messages(static_cast<std::size_t>(ESCN_TILE) * shape.n_message_rows() *
                       shape.channels),
              parts(static_cast<std::size_t>(ESCN_TILE) * shape.n_orders()),
              second(shape, ESCN_TILE),
              sums(shape) {}
        typename EscnFirst<Real>::Scratch first;
        std::unique_ptr<Real[]> memory;
        HiddenLayers<Real> hidden;
        std::vector<Real> edge_features, messages;
        std::vector<const Real *> parts;  // of each edge and order
        typename EscnSecond<Real>::Scratch second;
        typename EscnSums<Real>::Scratch sums;
    };

    void add_messages(const EscnBlock &block, const HiddenLayers<Real> &of_sources,
                      const std::vector<std::int64_t> &place, Scratch &s) const {
        maps_.of_target.write(in_, block, targets_, s.first, s.hidden, 0);
        std::size_t atom = 0;
        for (std::int64_t begin = block.begin(); begin < block.first.back(); begin += ESCN_TILE) {
            const std::int64_t end = std::min(begin + ESCN_TILE, block.first.back());
            messages(block, begin, end, of_sources, place, s);
            for (std::int64_t at = begin; at < end;) {
                while (block.first[atom + 1] <= at) ++atom;
                const std::int64_t last = std::min(end, block.first[atom + 1]);
                grid_.add(static_cast<int>(last - at), &targets_.edge[at],
                          &s.parts[(at - begin) * shape_.n_orders()], s.sums,
                          sums_ + block.atoms[atom] * shape_.n_packed() * shape_.channels);
                at = last;
            }
        }
    }

    // Of the edges at these positions.
    void messages(const EscnBlock &block, std::int64_t begin, std::int64_t end,
                  const HiddenLayers<Real> &of_sources, const std::vector<std::int64_t> &place,
                  Scratch &s) const {
        const int n = static_cast<int>(end - begin), X = shape_.edge_channels;
        for (int t = 0; t < n; ++t)
            std::copy_n(in_.edge_features + targets_.edge[begin + t] * X, X,
                        &s.edge_features[static_cast<std::size_t>(t) * X]);
        for (int m = 0; m < shape_.n_orders(); ++m) {
            const Real *source[ESCN_TILE], *target[ESCN_TILE];
            const Real *const *const hidden[2] = {source, target};
            const int size = shape_.signs(m) * shape_.degrees_of(m) * shape_.channels;
            Real *out = &s.messages[ESCN_TILE * shape_.first_row(m) * shape_.channels];
            for (int t = 0; t < n; ++t) {
                source[t] = of_sources.of(shape_, m, place[targets_.edge[begin + t]]);
                target[t] = s.hidden.of(shape_, m, begin + t - block.begin());
                s.parts[t * shape_.n_orders() + m] = out + t * size;
            }
            maps_.second.write(m, n, s.edge_features.data(), hidden, s.second, out);
        }
    }

    const EscnShape &shape_;
    const EscnTensors<Real> &in_;
    const EscnMaps<Real> &maps_;
    Real *workspace_;  // hidden layers of the sources, in their order
    Real *sums_;
    EscnEdges sources_, targets_;
    EscnSums<Real> grid_;
};

}  // namespace SEZM_KERNEL_ISA
}  // namespace sezm::kernels
