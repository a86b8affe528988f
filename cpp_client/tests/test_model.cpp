#include <cmath>

#include "water.hpp"

TEST_CASE("a file describes itself") {
    const sezm::Model model = open_model();
    const sezm::Metadata &metadata = model.metadata();
    CHECK(metadata.family == "sezm");
    CHECK(metadata.dtype == "float32");
    CHECK(metadata.elements == std::vector<std::string>{"O", "H"});
    CHECK(metadata.atomic_numbers == std::vector<std::int64_t>{8, 1});
    CHECK(metadata.cutoff == 4.5);
    CHECK(metadata.message_passing_steps >= 1);
    CHECK_FALSE(metadata.static_sizes.has_value());
    CHECK(metadata.json.front() == '{');
}

TEST_CASE("forces and virial are derivatives of the energy") {
    sezm::Model model = open_model();
    Sample sample = small_cell();
    const auto energy = [&](const Sample &moved) {
        return model.compute(moved.atoms(), moved.cell, moved.periodic).energy;
    };
    const sezm::Results results = model.compute(sample.atoms(), sample.cell, sample.periodic);
    const std::vector<double> forces(results.forces, results.forces + 9);
    const auto virial = results.virial;
    const double step = 1e-2;  // the file computes in float32
    for (int i = 0; i < 9; ++i) {
        Sample forward = sample, backward = sample;
        forward.positions[i] += step;
        backward.positions[i] -= step;
        const double slope = (energy(forward) - energy(backward)) / (2 * step);
        CHECK(forces[i] == Approx(-slope).margin(5e-3));
    }
    for (int row = 0; row < 3; ++row) {
        for (int column = 0; column < 3; ++column) {
            const auto strained = [&](double strain) {
                Sample copy = sample;
                for (int i = 0; i < 3; ++i) {
                    copy.positions[3 * i + row] += strain * sample.positions[3 * i + column];
                    copy.cell[i][row] += strain * sample.cell[i][column];
                }
                return energy(copy);
            };
            const double strain = 1e-3;
            const double slope = (strained(strain) - strained(-strain)) / (2 * strain);
            CHECK(virial[3 * row + column] == Approx(-slope).margin(0.05).epsilon(2e-2));
        }
    }
}

TEST_CASE("an isolated atom has an energy and no force") {
    sezm::Model model = open_model();
    const Sample atom{{1, 2, 3}, {8}};
    const sezm::Results results = model.compute(atom.atoms());
    CHECK(std::isfinite(results.energy));
    CHECK(results.forces[0] == 0);
    CHECK(results.virial[0] == 0);
    CHECK(results.atom_energy[0] == results.energy);
}

TEST_CASE("results do not depend on earlier calls") {
    sezm::Model model = open_model();
    const Sample one = small_cell(), other = water();
    const double first = model.compute(one.atoms(), one.cell, one.periodic).energy;
    model.compute(other.atoms());
    CHECK(model.compute(one.atoms(), one.cell, one.periodic).energy == first);
    CHECK_THROWS_AS(model.compute({}), sezm::Error);
    CHECK(model.compute(one.atoms(), one.cell, one.periodic).energy == first);
}

TEST_CASE("models can be moved") {
    sezm::Model model = open_model();
    const double energy = model.compute(water().atoms()).energy;
    sezm::Model moved = std::move(model);
    CHECK(moved.compute(water().atoms()).energy == energy);
    model = std::move(moved);
    CHECK(model.compute(water().atoms()).energy == energy);
}
