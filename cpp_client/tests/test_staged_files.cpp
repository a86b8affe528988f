// Staged files against ordinary ones of the same model; Python writes them and says where they are.
#include <cstdlib>
#include <filesystem>

#include "domains.hpp"
#include "sezm/sezm.h"

namespace {

constexpr double cutoff = 6.0;

std::string file(const std::string &name) {
    const char *folder = std::getenv("SEZM_STAGED_FILES");
    REQUIRE(folder != nullptr);
    return std::string(folder) + "/" + name;
}

sezm::Model open_file(const std::string &name) {
    sezm::Options options;
    options.threads = 1;
    return sezm::Model::load(file(name), options);
}

/// Water molecules on a grid of a periodic box, turned and moved a little.
Sample waters(int along_x) {
    Sample sample;
    for (int x = 0; x < along_x; ++x) {
        for (int y = 0; y < 2; ++y) {
            const double turn = 0.7 * x + 1.3 * y, c = std::cos(turn), s = std::sin(turn);
            const Sample molecule = water();
            for (int atom = 0; atom < 3; ++atom) {
                const double *p = &molecule.positions[3 * atom];
                sample.positions.push_back(3.1 * x + c * p[1] + s * p[2] + 0.1 * y);
                sample.positions.push_back(3.3 * y + c * p[2] - s * p[1]);
                sample.positions.push_back(0.2 * x + p[0]);
                sample.numbers.push_back(molecule.numbers[atom]);
            }
        }
    }
    sample.cell = {{{3.1 * along_x, 0, 0}, {0.3, 6.6, 0}, {0, 0.4, 3.9}}};
    sample.periodic = {true, true, true};
    return sample;
}

/// Own copies, which outlive the next call.
Total kept(const sezm::Results &results) {
    Total total(results.atom_count);
    std::vector<std::size_t> atoms(results.atom_count);
    for (std::size_t i = 0; i < atoms.size(); ++i) atoms[i] = i;
    total.add(results, atoms);
    return total;
}

void check_same(const Total &found, const Total &expected, double tolerance) {
    double force = 0, energy = 1, virial = 0;
    for (const double f : expected.forces) force = std::max(force, std::abs(f));
    for (const double e : expected.atom_energy) energy += std::abs(e);
    for (const double v : expected.virial) virial = std::max(virial, std::abs(v));
    CHECK(found.energy == Approx(expected.energy).margin(tolerance * energy));
    for (std::size_t i = 0; i < expected.forces.size(); ++i) {
        CHECK(found.forces[i] == Approx(expected.forces[i]).epsilon(0).margin(tolerance * force));
    }
    for (std::size_t i = 0; i < expected.atom_energy.size(); ++i) {
        CHECK(found.atom_energy[i] ==
              Approx(expected.atom_energy[i]).epsilon(0).margin(tolerance * energy));
    }
    for (std::size_t k = 0; k < 9; ++k) {
        CHECK(found.virial[k] ==
              Approx(expected.virial[k]).epsilon(0).margin(tolerance * (virial + force)));
    }
}

struct Pair {
    const char *ordinary, *staged;
    double tolerance;
};

}  // namespace

TEST_CASE("a staged file says what the ordinary one says") {
    const auto pair = GENERATE(Pair{"tiny_float64.onnx", "tiny_float64_staged.onnx", 1e-12},
                               Pair{"tiny_float64.onnx", "tiny_float64_staged.pt", 1e-12},
                               Pair{"tiny_float32.onnx", "tiny_float32_staged.onnx", 1e-6});
    CAPTURE(pair.staged);
    if (!std::filesystem::exists(file(pair.staged))) return;  // this engine was not built
    sezm::Model ordinary = open_file(pair.ordinary), staged = open_file(pair.staged);
    REQUIRE(staged.metadata().stages);
    for (const Sample &sample : {water(), small_cell(), waters(2), waters(4)}) {
        const Total expected = kept(ordinary.compute(sample.atoms(), sample.cell, sample.periodic));
        check_same(kept(staged.compute(sample.atoms(), sample.cell, sample.periodic)), expected,
                   pair.tolerance);
    }
    const Sample sample = waters(2);
    sezm::EdgeBuffer<double> list;
    sezm::NeighborList(cutoff, 0.0).update(sample.atoms(), sample.cell, sample.periodic, list);
    std::vector<double> mask(sample.numbers.size(), 1.0);
    mask[2] = mask[5] = 0;
    const sezm::Edges<double> edges{
        mask.size(), sample.positions.data(), sample.numbers.data(), mask.data(),
        list.count,  list.index.data(),       list.vectors.data()};
    check_same(kept(staged.compute_edges(edges)), kept(ordinary.compute_edges(edges)),
               pair.tolerance);
}

TEST_CASE("an atom alone has its energy and no force in a staged file") {
    sezm::Model ordinary = open_file("tiny_float64.onnx"),
                staged = open_file("tiny_float64_staged.onnx");
    const Sample alone{{1, 2, 3}, {8}};
    check_same(kept(staged.compute(alone.atoms())), kept(ordinary.compute(alone.atoms())), 1e-12);
}

TEMPLATE_TEST_CASE("domains of a staged file say together what the whole says", "", float, double) {
    const bool single = sizeof(TestType) == 4;
    const std::string name = single ? "tiny_float32" : "tiny_float64";
    const Sample sample = waters(4);
    sezm::Model ordinary = open_file(name + ".onnx");
    const Total expected = kept(ordinary.compute(sample.atoms(), sample.cell, sample.periodic));
    const std::size_t n_atoms = sample.numbers.size();
    std::vector<std::size_t> halves(n_atoms), dealt(n_atoms);
    for (std::size_t i = 0; i < n_atoms; ++i) {
        halves[i] = i < n_atoms / 2 ? 0 : 2;  // domain 1 is empty
        dealt[i] = i % 3;
    }
    std::vector<sezm::Model> models;
    for (int d = 0; d < 3; ++d) models.push_back(open_file(name + "_staged.onnx"));
    for (const auto &home : {halves, dealt}) {
        const auto domains = cut<TestType>(sample, cutoff, 3, home);
        const Total total = run_domains<TestType>(
            domains, n_atoms, [&](std::size_t d, const Domain<TestType> &domain, auto &exchange) {
                return models[d].compute_domain(domain.edges(), domain.own_count, exchange);
            });
        check_same(total, expected, single ? 1e-6 : 1e-12);
    }
}

TEST_CASE("C computes domains, and ends the call when an exchange fails") {
    sezm_options options = sezm_default_options();
    options.threads = 1;
    sezm_model *model = nullptr;
    REQUIRE(sezm_load(file("tiny_float64_staged.onnx").c_str(), &options, &model) == SEZM_OK);
    CHECK(sezm_is_staged(model) == 1);

    // Atom 0 is here; 1 and 2 are ghosts, which are images of it, on either side of it.
    const std::int64_t numbers[] = {8, 8, 8}, index[] = {1, 2, 0, 0};
    const double vectors[] = {2.5, 0, 0, -2.5, 0, 0};
    const sezm_edges edges{3, nullptr, numbers, nullptr, 2, index, vectors};
    struct Calls {
        int forward = 0, reverse = 0, fails = 0;
    } calls;
    const sezm_exchange exchange{&calls,
                                 [](void *context, void *rows, std::size_t width) {
                                     auto *values = static_cast<double *>(rows);
                                     std::copy_n(values, width, values + width);
                                     std::copy_n(values, width, values + 2 * width);
                                     ++static_cast<Calls *>(context)->forward;
                                     return static_cast<Calls *>(context)->fails;
                                 },
                                 [](void *context, void *rows, std::size_t width) {
                                     auto *gradients = static_cast<double *>(rows);
                                     for (std::size_t k = 0; k < width; ++k) {
                                         gradients[k] +=
                                             gradients[width + k] + gradients[2 * width + k];
                                     }
                                     ++static_cast<Calls *>(context)->reverse;
                                     return 0;
                                 }};
    sezm_results results;
    REQUIRE(sezm_compute_domain(model, &edges, 1, &exchange, &results) == SEZM_OK);
    CHECK(calls.forward == 1);
    CHECK(calls.reverse == 1);
    CHECK(results.atom_count == 3);

    sezm::Model ordinary = open_file("tiny_float64.onnx");
    const double folded_vectors[] = {2.5, 0, 0, -2.5, 0, 0}, at[] = {0, 0, 0};
    const std::int64_t folded[] = {0, 0, 0, 0};
    const sezm::Results expected = ordinary.compute_edges(
        sezm::Edges<double>{1, at, numbers, nullptr, 2, folded, folded_vectors});
    CHECK(results.energy == Approx(expected.energy).epsilon(1e-12));
    CHECK(results.virial[0] == Approx(expected.virial[0]).epsilon(1e-12));

    calls.fails = 7;
    CHECK(sezm_compute_domain(model, &edges, 1, &exchange, &results) == SEZM_ARGUMENT);
    CHECK(std::string(sezm_error_message()) ==
          "the exchange's forward returned 7; it returns 0 where all went well.");
    CHECK(sezm_compute_domain_float(model, &edges, 1, &exchange, &results) == SEZM_DTYPE);
    CHECK(sezm_compute_domain(model, &edges, 1, nullptr, &results) == SEZM_ARGUMENT);
    sezm_free(model);
}
