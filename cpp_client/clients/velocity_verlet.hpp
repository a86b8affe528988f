/// Constant-energy dynamics, as a template for codes that embed a model.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sezm/sezm.hpp"
#include "structure.hpp"

/// Positions and velocities of a run. Units: Angstrom, eV, atomic mass units, and the time that
/// follows from them, Angstrom sqrt(u / eV) = 10.18 fs.
struct Dynamics {
    Structure structure;
    std::vector<double> velocities;  ///< [N, 3]
    std::vector<double> masses;      ///< [N]

    /// eV
    double kinetic_energy() const;

    /// K
    double temperature() const;
};

/// Length of a fs in the unit of time above.
constexpr double femtosecond = 0.09822694788464063;

/// Start from a structure: with velocities drawn at a temperature (K) and no motion as a whole, or,
/// with a temperature below 0, with the momenta that it brings, or at rest.
Dynamics start_dynamics(Structure structure, double temperature, std::uint64_t seed);

/// Velocity Verlet: v += f/m dt/2; x += v dt; f = f(x); v += f/m dt/2.
///
/// @param timestep fs
/// @param report called at the start and after each step with its number
void run_dynamics(Dynamics &dynamics, sezm::Model &model, long steps, double timestep,
                  const std::function<void(long, const sezm::Results &)> &report);
