/// The flat-tensor contract of export/FORMAT.md: which tensors a file may take and give.
#pragma once

#include <array>
#include <string>

#include "sezm/sezm.hpp"

namespace sezm {

constexpr int format_version = 1;
constexpr const char *format_name = "sezm-infer";
constexpr const char *metadata_key = "sezm_metadata";

constexpr std::int64_t padding_atomic_number = 0;
constexpr double padding_edge_cutoffs = 2.0;  // length of a padding edge over the cutoff

// Limits of the input charge_spin.
constexpr int smallest_charge = -100;
constexpr int largest_charge = 99;
constexpr int largest_spin = 99;

/// Positions of the inputs that every file has, in the graph's order.
enum Input { pos, atomic_numbers, batch, natoms, edge_index, edge_distance, edge_vec, atom_mask };
constexpr std::size_t required_inputs = 8;

/// Refuse a signature that differs from the contract, for a reader of another one would misread
/// memory. Sizes that stand in the shapes of a static file become letters.
///
/// @param path named in errors
void settle_signature(Metadata &metadata, const std::string &path);

}  // namespace sezm
