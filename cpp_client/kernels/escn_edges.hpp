// Edges in the order of the atoms at one of their ends, in blocks of these atoms.
#pragma once

#include <cstdint>
#include <vector>

namespace sezm::kernels {

constexpr int ATOMS_PER_BLOCK = 16;   // tables of so many atoms nearly stay in the cache
constexpr int EDGES_PER_BLOCK = 512;  // enough for weights to be read seldom

// Some atoms with edges; edges of the a-th have positions ``first[a]`` .. ``first[a + 1] - 1``.
struct EscnBlock {
    std::vector<std::int64_t> atoms, first;

    std::int64_t begin() const { return first.front(); }
    std::int64_t n_edges() const { return first.back() - first.front(); }
};

struct EscnEdges {
    std::vector<std::int64_t> edge;  // at each position; those of weight 0 are left out
    std::vector<EscnBlock> blocks;

    template <class Real>
    EscnEdges(std::int64_t n_atoms, std::int64_t n_edges, const std::int64_t *atom,
              const Real *weight) {
        std::vector<std::int64_t> next(static_cast<std::size_t>(n_atoms) + 1, 0);
        for (std::int64_t e = 0; e < n_edges; ++e) next[atom[e] + 1] += weight[e] != 0;
        for (std::int64_t a = 0; a < n_atoms; ++a) {
            if (next[a + 1] > 0) add(a, next[a], next[a + 1]);
            next[a + 1] += next[a];
        }
        edge.resize(static_cast<std::size_t>(next[n_atoms]));
        for (std::int64_t e = 0; e < n_edges; ++e) {
            if (weight[e] != 0) edge[next[atom[e]]++] = e;
        }
    }

  private:
    void add(std::int64_t atom, std::int64_t begin, std::int64_t count) {
        if (blocks.empty() || blocks.back().atoms.size() == ATOMS_PER_BLOCK ||
            blocks.back().n_edges() + count > EDGES_PER_BLOCK) {
            blocks.emplace_back();
            blocks.back().first.push_back(begin);
        }
        blocks.back().atoms.push_back(atom);
        blocks.back().first.push_back(begin + count);
    }
};

}  // namespace sezm::kernels
