/// A structure as extended XYZ has it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sezm/sezm.hpp"

/// One per-atom column, kept as text until somebody wants its numbers.
struct Column {
    std::string name;  ///< "species", "pos", ...
    char type = 'S';   ///< S text, R real, I integer, L logical
    std::size_t width = 1;
    std::vector<std::string> text;  ///< [N * width]
};

/// One frame of a file.
struct Structure {
    std::vector<std::pair<std::string, std::string>> info;  ///< key, value of the comment line
    std::vector<Column> columns;
    std::vector<double> positions;             ///< [N, 3] Angstrom
    std::vector<std::int64_t> atomic_numbers;  ///< [N]
    sezm::Cell cell{};
    sezm::Periodic periodic{};

    std::size_t atom_count() const { return atomic_numbers.size(); }

    /// The value of a key of the comment line, null if it is not there.
    const std::string *find_info(const std::string &key) const;

    /// Set or replace a key of the comment line.
    void set_info(const std::string &key, const std::string &value);

    /// A column by name, null if it is not there.
    const Column *find_column(const std::string &name) const;

    /// Set or replace a column of real numbers, [N * width].
    void set_column(const std::string &name, std::size_t width, const double *values);

    /// Remove keys and columns, as far as they are there.
    void drop(const std::vector<std::string> &names);

    /// The cell's volume, Angstrom^3.
    double volume() const;
};

/// Numbers in text, separated by blanks; throws sezm::Error naming `what`.
std::vector<double> parse_numbers(const std::string &text, const std::string &what);

/// A number with all of its digits.
std::string number_text(double value);
