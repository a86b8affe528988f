#include "extxyz.hpp"

#include <istream>
#include <ostream>
#include <sstream>

#include "extxyz_header.hpp"

namespace {

constexpr std::size_t most_atoms = 1000000000;
constexpr const char *default_properties = "species:S:1:pos:R:3";

[[noreturn]] void refuse(const std::string &path, const std::string &what) {
    throw sezm::Error(sezm::ErrorCode::structure, path + ": " + what);
}

std::vector<Column> parse_properties(const std::string &text, const std::string &path) {
    std::vector<Column> columns;
    std::istringstream fields(text);
    std::string name, type, width;
    while (std::getline(fields, name, ':')) {
        std::getline(fields, type, ':');
        std::getline(fields, width, ':');
        if (type.size() != 1 || width.empty() || width.size() > 3 ||
            width.find_first_not_of("0123456789") != std::string::npos) {
            refuse(path, "Properties=" + text + " is not NAME:TYPE:WIDTH, repeated.");
        }
        columns.push_back({name, type[0], std::stoul(width), {}});
    }
    return columns;
}

void read_atoms(std::istream &file, std::size_t count, std::vector<Column> &columns,
                const std::string &path) {
    std::string line, word;
    for (std::size_t atom = 0; atom < count; ++atom) {
        if (!std::getline(file, line)) {
            refuse(path, "ends after " + std::to_string(atom) + " of " + std::to_string(count) +
                             " atoms.");
        }
        std::istringstream words(line);
        for (Column &column : columns) {
            for (std::size_t i = 0; i < column.width; ++i) {
                if (!(words >> word)) refuse(path, "too few columns in '" + line + "'.");
                column.text.push_back(word);
            }
        }
    }
}

std::vector<double> numbers(const Column &column, const std::string &path) {
    std::vector<double> values;
    for (const std::string &text : column.text) {
        const auto parsed = parse_numbers(text, path);
        values.insert(values.end(), parsed.begin(), parsed.end());
    }
    return values;
}

void read_lattice(Structure &structure, const std::string &path) {
    const std::string *lattice = structure.find_info("Lattice");
    if (lattice != nullptr) {
        const auto values = parse_numbers(*lattice, path + ": Lattice");
        if (values.size() != 9) refuse(path, "Lattice=\"" + *lattice + "\" has not 9 numbers.");
        for (int i = 0; i < 9; ++i) structure.cell[i / 3][i % 3] = values[i];
        structure.periodic = {true, true, true};
    }
    if (const std::string *pbc = structure.find_info("pbc")) {
        std::istringstream words(*pbc);
        for (bool &periodic : structure.periodic) {
            std::string word;
            words >> word;
            periodic = !word.empty() && (word[0] == 'T' || word[0] == 't' || word[0] == '1');
        }
    }
}

void read_columns(Structure &structure, const std::string &path) {
    const Column *positions = structure.find_column("pos");
    const Column *species = structure.find_column("species");
    if (positions == nullptr || positions->width != 3) refuse(path, "has no positions (pos:R:3).");
    if (species == nullptr || species->width != 1) refuse(path, "has no elements (species:S:1).");
    structure.positions = numbers(*positions, path);
    for (const std::string &symbol : species->text) {
        structure.atomic_numbers.push_back(sezm::atomic_number(symbol));
    }
}

}  // namespace

std::optional<Structure> read_extxyz(std::istream &file, const std::string &path) {
    std::string line;
    do {
        if (!std::getline(file, line)) return std::nullopt;
    } while (line.find_first_not_of(" \t\r") == std::string::npos);
    std::istringstream first(line);
    std::size_t count = 0;
    std::string rest;
    if (!(first >> count) || first >> rest || count > most_atoms) {
        refuse(path,
               "a frame starts with '" + line.substr(0, 40) + "', not with its number of atoms.");
    }
    Structure structure;
    std::getline(file, line);
    structure.info = parse_header(line);
    const std::string *properties = structure.find_info("Properties");
    structure.columns = parse_properties(properties ? *properties : default_properties, path);
    read_atoms(file, count, structure.columns, path);
    read_lattice(structure, path);
    read_columns(structure, path);
    return structure;
}

void write_extxyz(std::ostream &file, const Structure &structure) {
    Structure frame = structure;
    frame.set_column("pos", 3, structure.positions.data());
    std::string properties;
    for (const Column &column : frame.columns) {
        properties += (properties.empty() ? "" : ":") + column.name + ':' + column.type + ':' +
                      std::to_string(column.width);
    }
    frame.set_info("Properties", properties);
    file << frame.atom_count() << '\n' << format_header(frame.info) << '\n';
    for (std::size_t atom = 0; atom < frame.atom_count(); ++atom) {
        const char *separator = "";
        for (const Column &column : frame.columns) {
            for (std::size_t i = 0; i < column.width; ++i) {
                file << separator << column.text[atom * column.width + i];
                separator = " ";
            }
        }
        file << '\n';
    }
}
