/// Run an exported model on the frames of an extended XYZ file, or dynamics from the last of them.
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "arguments.hpp"
#include "conditioning.hpp"
#include "extxyz.hpp"
#include "velocity_verlet.hpp"

namespace {

constexpr double smallest_volume = 1e-6;  // Angstrom^3; flatter cells have no stress

/// Results by the names that ASE reads, in place of any that the structure came with.
void add_results(Structure &structure, const sezm::Results &results) {
    structure.drop({"energy", "free_energy", "stress", "forces", "energies", "magnetic_forces"});
    structure.set_info("energy", number_text(results.energy));
    structure.set_info("free_energy", number_text(results.energy));
    if (results.has_virial && structure.volume() > smallest_volume) {
        std::string stress;
        for (int row = 0; row < 3; ++row) {
            for (int column = 0; column < 3; ++column) {
                const double pair =
                    results.virial[3 * row + column] + results.virial[3 * column + row];
                stress += (stress.empty() ? "" : " ") + number_text(-pair / 2 / structure.volume());
            }
        }
        structure.set_info("stress", stress);
    }
    structure.set_column("forces", 3, results.forces);
    structure.set_column("energies", 1, results.atom_energy);
    if (results.magnetic_forces)
        structure.set_column("magnetic_forces", 3, results.magnetic_forces);
}

void evaluate_frames(sezm::Model &model, std::istream &input, std::ostream &output,
                     const Arguments &arguments) {
    long frames = 0;
    while (auto structure = read_extxyz(input, arguments.input)) {
        set_inputs(model, *structure);
        add_results(*structure, model.compute({structure->atom_count(), structure->positions.data(),
                                               structure->atomic_numbers.data()},
                                              structure->cell, structure->periodic));
        write_extxyz(output, *structure);
        ++frames;
    }
    std::fprintf(stderr, "%ld frames -> %s\n", frames, arguments.output.c_str());
}

void simulate(sezm::Model &model, std::istream &input, std::ostream &output,
              const Arguments &arguments) {
    Structure last;
    while (auto structure = read_extxyz(input, arguments.input)) last = std::move(*structure);
    set_inputs(model, last);
    Dynamics dynamics = start_dynamics(std::move(last), arguments.temperature, 0);
    std::printf("%10s %12s %18s %18s %10s\n", "step", "time/ps", "potential/eV", "total/eV", "T/K");
    run_dynamics(dynamics, model, arguments.steps, arguments.timestep,
                 [&](long step, const sezm::Results &results) {
                     if (step % arguments.every != 0 && step != arguments.steps) return;
                     std::printf("%10ld %12.5f %18.9f %18.9f %10.2f\n", step,
                                 static_cast<double>(step) * arguments.timestep / 1000,
                                 results.energy, results.energy + dynamics.kinetic_energy(),
                                 dynamics.temperature());
                     Structure frame = dynamics.structure;
                     add_results(frame, results);
                     std::vector<double> momenta = dynamics.velocities;
                     for (std::size_t i = 0; i < momenta.size(); ++i) {
                         momenta[i] *= dynamics.masses[i / 3];
                     }
                     frame.set_column("momenta", 3, momenta.data());
                     write_extxyz(output, frame);
                 });
}

int run(int argc, char **argv) {
    const Arguments arguments = parse_arguments(argc, argv);
    if (arguments.help) return std::fputs(usage, stdout), 0;
    sezm::Model model = sezm::Model::load(arguments.model, arguments.options);
    std::ifstream input(arguments.input);
    if (!input) {
        throw sezm::Error(sezm::ErrorCode::argument, arguments.input + ": no such file.");
    }
    std::ofstream output(arguments.output);
    (arguments.steps < 0 ? evaluate_frames : simulate)(model, input, output, arguments);
    if (!output.flush()) {
        throw sezm::Error(sezm::ErrorCode::argument, arguments.output + ": cannot be written.");
    }
    return 0;
}

}  // namespace

int main(int argc, char **argv) {
    // libtorch frees and asks for the same megabytes in every step; glibc would hand them to the
    // system and back each time, which takes a fifth of the step.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    try {
        return run(argc, argv);
    } catch (const sezm::Error &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 1;
    }
}
