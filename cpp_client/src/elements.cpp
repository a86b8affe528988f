#include "elements.hpp"

#include "sezm/sezm.hpp"

namespace sezm {
namespace {

constexpr const char *symbols[largest_atomic_number + 1] = {
    "X",  "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si",
    "P",  "S",  "Cl", "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu",
    "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru",
    "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr",
    "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",
    "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac",
    "Th", "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf",
    "Db", "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og",
};

}  // namespace

const char *chemical_symbol(std::int64_t atomic_number) {
    if (atomic_number < 1 || atomic_number > largest_atomic_number) {
        throw Error(ErrorCode::argument,
                    "atomic number " + std::to_string(atomic_number) + " is not one of 1 to 118.");
    }
    return symbols[atomic_number];
}

std::int64_t atomic_number(const std::string &symbol) {
    for (int number = 1; number <= largest_atomic_number; ++number) {
        if (symbol == symbols[number]) return number;
    }
    throw Error(ErrorCode::argument, "'" + symbol + "' is not a chemical symbol.");
}

}  // namespace sezm
