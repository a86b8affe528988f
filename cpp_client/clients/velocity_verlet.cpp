#include "velocity_verlet.hpp"

#include <cmath>
#include <random>

#include "masses.hpp"

namespace {

constexpr double boltzmann = 8.617330337217213e-05;  // eV/K, CODATA 2014, as ASE has it

void draw_velocities(Dynamics &dynamics, double temperature, std::uint64_t seed) {
    std::mt19937_64 engine(seed);
    std::normal_distribution<double> normal;
    double momentum[3] = {}, mass = 0;
    for (std::size_t i = 0; i < dynamics.velocities.size(); ++i) {
        const double m = dynamics.masses[i / 3];
        dynamics.velocities[i] = normal(engine) / std::sqrt(m);
        momentum[i % 3] += m * dynamics.velocities[i];
        mass += m / 3;
    }
    if (dynamics.masses.size() > 1) {
        for (std::size_t i = 0; i < dynamics.velocities.size(); ++i) {
            dynamics.velocities[i] -= momentum[i % 3] / mass;
        }
    }
    const double drawn = dynamics.temperature();
    const double scale = drawn > 0 ? std::sqrt(temperature / drawn) : 0;
    for (double &velocity : dynamics.velocities) velocity *= scale;
}

void take_momenta(Dynamics &dynamics) {
    const Column *momenta = dynamics.structure.find_column("momenta");
    if (momenta == nullptr || momenta->width != 3) return;
    for (std::size_t i = 0; i < dynamics.velocities.size(); ++i) {
        const auto value = parse_numbers(momenta->text[i], "momenta");
        dynamics.velocities[i] = value.at(0) / dynamics.masses[i / 3];
    }
}

}  // namespace

double Dynamics::kinetic_energy() const {
    double twice = 0;
    for (std::size_t i = 0; i < velocities.size(); ++i) {
        twice += masses[i / 3] * velocities[i] * velocities[i];
    }
    return twice / 2;
}

double Dynamics::temperature() const {
    return velocities.empty() ? 0 : 2 * kinetic_energy() / (velocities.size() * boltzmann);
}

Dynamics start_dynamics(Structure structure, double temperature, std::uint64_t seed) {
    Dynamics dynamics;
    for (const std::int64_t number : structure.atomic_numbers) {
        dynamics.masses.push_back(atomic_mass(number));
    }
    dynamics.velocities.assign(structure.positions.size(), 0.0);
    dynamics.structure = std::move(structure);
    if (temperature < 0) {
        take_momenta(dynamics);
    } else {
        draw_velocities(dynamics, temperature, seed);
    }
    return dynamics;
}

void run_dynamics(Dynamics &dynamics, sezm::Model &model, long steps, double timestep,
                  const std::function<void(long, const sezm::Results &)> &report) {
    const double dt = timestep * femtosecond;
    Structure &structure = dynamics.structure;
    const auto compute = [&] {
        return model.compute(
            {structure.atom_count(), structure.positions.data(), structure.atomic_numbers.data()},
            structure.cell, structure.periodic);
    };
    const auto kick = [&](const sezm::Results &results) {
        for (std::size_t i = 0; i < dynamics.velocities.size(); ++i) {
            dynamics.velocities[i] += results.forces[i] / dynamics.masses[i / 3] * dt / 2;
        }
    };
    sezm::Results results = compute();
    report(0, results);
    for (long step = 1; step <= steps; ++step) {
        kick(results);
        for (std::size_t i = 0; i < dynamics.velocities.size(); ++i) {
            structure.positions[i] += dynamics.velocities[i] * dt;
        }
        results = compute();
        kick(results);
        report(step, results);
    }
}
