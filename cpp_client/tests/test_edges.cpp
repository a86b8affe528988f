#include <cmath>

#include "neighbor_list.hpp"
#include "water.hpp"

namespace {

/// The edges of a sample, as a code with its own list would have them.
template <class Real>
struct OwnList {
    explicit OwnList(const Sample &sample)
        : positions(sample.positions.begin(), sample.positions.end()), numbers(sample.numbers) {
        sezm::NeighborList list(4.5, 0.0);
        list.update(sample.atoms(), sample.cell, sample.periodic, edges);
    }

    sezm::Edges<Real> view() const {
        sezm::Edges<Real> view;
        view.atom_count = numbers.size();
        view.positions = positions.data();
        view.atomic_numbers = numbers.data();
        view.edge_count = edges.count;
        view.edge_index = edges.index.data();
        view.edge_vec = edges.vectors.data();
        return view;
    }

    std::vector<Real> positions;
    std::vector<std::int64_t> numbers;
    sezm::EdgeBuffer<Real> edges;
};

}  // namespace

TEST_CASE("own edges give what the built-in list gives") {
    sezm::Model model = open_model();
    const Sample sample = small_cell();
    const sezm::Results built_in = model.compute(sample.atoms(), sample.cell, sample.periodic);
    const double energy = built_in.energy, force = built_in.forces[5];
    const OwnList<float> single(sample);
    const OwnList<double> twice(sample);
    CHECK(model.compute_edges(single.view()).energy == energy);
    CHECK(model.compute_edges(single.view()).forces[5] == force);
    CHECK(model.compute_edges(twice.view()).energy == energy);
    CHECK(model.compute_edges(twice.view()).forces[5] == force);
}

TEST_CASE("images as ghosts of mask 0 give the same energy and, sent home, the same forces") {
    sezm::Model model = open_model();
    Sample sample = water();
    sample.cell = {{{5, 0, 0}, {0.4, 5.2, 0}, {0.2, -0.5, 5.5}}};
    sample.periodic = {true, true, true};
    const sezm::Results whole = model.compute(sample.atoms(), sample.cell, sample.periodic);
    const double energy = whole.energy;
    const std::vector<double> forces(whole.forces, whole.forces + 9);
    const auto virial = whole.virial;

    Sample cluster;  // the cell and its images, out to cutoff times message-passing steps
    std::vector<float> mask;
    std::vector<std::size_t> owners;
    const int images = 2 + static_cast<int>(4.5 * model.metadata().message_passing_steps / 4.8);
    const auto add = [&](int a, int b, int c) {
        for (std::size_t i = 0; i < 3; ++i) {
            for (int x = 0; x < 3; ++x) {
                cluster.positions.push_back(sample.positions[3 * i + x] + a * sample.cell[0][x] +
                                            b * sample.cell[1][x] + c * sample.cell[2][x]);
            }
            cluster.numbers.push_back(sample.numbers[i]);
            mask.push_back(a == 0 && b == 0 && c == 0 ? 1.0f : 0.0f);
            owners.push_back(i);
        }
    };
    for (int a = -images; a <= images; ++a) {
        for (int b = -images; b <= images; ++b) {
            for (int c = -images; c <= images; ++c) add(a, b, c);
        }
    }
    const OwnList<float> list(cluster);
    sezm::Edges<float> edges = list.view();
    edges.atom_mask = mask.data();
    const sezm::Results results = model.compute_edges(edges);
    CHECK(results.energy == Approx(energy).epsilon(1e-7));
    std::vector<double> home(9, 0.0);
    for (std::size_t i = 0; i < owners.size(); ++i) {
        for (int x = 0; x < 3; ++x) home[3 * owners[i] + x] += results.forces[3 * i + x];
    }
    for (int i = 0; i < 9; ++i) CHECK(home[i] == Approx(forces[i]).margin(1e-4));
    for (int i = 0; i < 9; ++i) CHECK(results.virial[i] == Approx(virial[i]).margin(1e-3));
}

TEST_CASE("no atoms and no edges are harmless") {
    sezm::Model model = open_model();
    const sezm::Results nothing = model.compute_edges(sezm::Edges<double>{});
    CHECK(nothing.energy == 0);
    CHECK(nothing.atom_count == 0);
    const Sample sample = water();
    sezm::Edges<double> atoms;
    atoms.atom_count = 3;
    atoms.positions = sample.positions.data();
    atoms.atomic_numbers = sample.numbers.data();
    const sezm::Results apart = model.compute_edges(atoms);
    CHECK(std::isfinite(apart.energy));
    CHECK(apart.forces[0] == 0);
}

TEST_CASE("edges of atoms that are not there are refused") {
    sezm::Model model = open_model();
    OwnList<float> list(small_cell());
    for (const std::int64_t atom : {std::int64_t{3}, std::int64_t{-1}}) {
        list.edges.index[7] = atom;
        require_error([&] { model.compute_edges(list.view()); }, sezm::ErrorCode::argument,
                      "an edge joins atom " + std::to_string(atom));
    }
}
