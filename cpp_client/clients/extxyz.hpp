/// Extended XYZ files, as ASE reads and writes them.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "structure.hpp"

/// The next frame, none at the end of the file.
///
/// Throws sezm::Error (structure) naming the file and what is wrong with it.
std::optional<Structure> read_extxyz(std::istream &file, const std::string &path);

/// Append a frame; everything it was read with, positions as they are now.
void write_extxyz(std::ostream &file, const Structure &structure);
