// Which edge lies in which slot of the rows of neighbors (export/FORMAT.md, "Functions").
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "edge_shape.hpp"

namespace sezm::kernels {

// E edges of these atoms, sources below n_atoms and targets below n_targets.
struct EdgeAtoms {
    std::int64_t n_edges, n_atoms, n_targets;  // E, A, N
    const std::int64_t *source, *target;       // [E]

    std::int64_t n_rows() const { return n_targets + n_edges / ROW_WIDTH; }       // R
    std::int64_t n_source_rows() const { return n_atoms + n_edges / ROW_WIDTH; }  // Q
};

// S = 4 R slots in rows by target; 4 Q slots in rows by source.
struct SlotArrays {
    std::int64_t *edge, *source;              // [S]
    std::int64_t *target;                     // [R]
    std::int64_t *source_slot, *source_atom;  // [4 Q], [Q]
    std::int64_t *slot_of_edge;               // [E]
};

// Calls ``place(edge, slot)`` for all edges in order: those of an atom fill rows of their own.
template <class Place>
void for_slots(const std::int64_t *atom, std::int64_t n_edges, std::int64_t n_atoms,
               const Place &place) {
    std::vector<std::int64_t> next(static_cast<std::size_t>(n_atoms), 0);
    for (std::int64_t edge = 0; edge < n_edges; ++edge) ++next[atom[edge]];
    std::int64_t first = 0;
    for (std::int64_t &slot : next) {
        const std::int64_t rows = (slot + ROW_WIDTH - 1) / ROW_WIDTH;
        slot = first;
        first += rows * ROW_WIDTH;
    }
    for (std::int64_t edge = 0; edge < n_edges; ++edge) place(edge, next[atom[edge]]++);
}

inline void fill_slots(const EdgeAtoms &edges, const SlotArrays &to) {
    const std::int64_t rows = edges.n_rows(), source_rows = edges.n_source_rows();
    std::fill_n(to.edge, ROW_WIDTH * rows, edges.n_edges);
    std::fill_n(to.source, ROW_WIDTH * rows, 0);
    std::fill_n(to.target, rows, 0);
    std::fill_n(to.source_slot, ROW_WIDTH * source_rows, ROW_WIDTH * rows - 1);
    std::fill_n(to.source_atom, source_rows, 0);
    for_slots(edges.target, edges.n_edges, edges.n_targets,
              [&](std::int64_t edge, std::int64_t slot) {
                  to.edge[slot] = edge;
                  to.source[slot] = edges.source[edge];
                  to.target[slot / ROW_WIDTH] = edges.target[edge];
                  to.slot_of_edge[edge] = slot;
              });
    for_slots(edges.source, edges.n_edges, edges.n_atoms,
              [&](std::int64_t edge, std::int64_t slot) {
                  to.source_slot[slot] = to.slot_of_edge[edge];
                  to.source_atom[slot / ROW_WIDTH] = edges.source[edge];
              });
}

}  // namespace sezm::kernels
