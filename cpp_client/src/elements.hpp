/// The size of the periodic table.
#pragma once

namespace sezm {

constexpr int largest_atomic_number = 118;

}  // namespace sezm
