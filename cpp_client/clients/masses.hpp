/// Standard atomic weights.
#pragma once

#include <cstdint>

/// In atomic mass units, of an atomic number from 1 to 118.
double atomic_mass(std::int64_t atomic_number);
