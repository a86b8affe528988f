// Stages and domains with a toy in place of a file; test_staged_files.cpp has real ones.
#include "domains.hpp"
#include "metadata.hpp"
#include "toy_stages.hpp"

using sezm::ErrorCode;

namespace {

constexpr double cutoff = 4.5;

/// Energy of the toy by its definition.
double toy_energy(const sezm::EdgeBuffer<double> &edges, const std::vector<double> &mask) {
    std::vector<double> squares(mask.size());
    const std::int64_t *source = edges.index.data(), *target = source + edges.count;
    for (std::size_t e = 0; e < edges.count; ++e) {
        squares[target[e]] += edges.distances[e] * edges.distances[e];
    }
    double energy = 0;
    for (std::size_t i = 0; i < mask.size(); ++i) energy += mask[i] * 2 * squares[i];
    for (std::size_t e = 0; e < edges.count; ++e) {
        energy += mask[target[e]] * squares[source[e]];
    }
    return energy;
}

std::unique_ptr<sezm::Evaluator> toy(const sezm::Metadata &metadata,
                                     std::vector<std::int64_t> *programs = nullptr) {
    return sezm::make_evaluator(metadata, 0.0, std::make_unique<ToySession<double>>(programs));
}

/// Two atoms, of which the first sees the second.
struct Two {
    std::vector<std::int64_t> numbers{8, 1}, index{1, 0};
    std::vector<double> vectors{1, 0, 0};

    sezm::Edges<double> edges() const {
        return {2, nullptr, numbers.data(), nullptr, 1, index.data(), vectors.data()};
    }
};

/// An exchange that nobody should call.
struct NoExchange : sezm::Exchange<double>, sezm::Exchange<float> {
    void forward(double *, std::size_t) override { FAIL("an exchange"); }
    void reverse(double *, std::size_t) override { FAIL("an exchange"); }
    void forward(float *, std::size_t) override { FAIL("an exchange"); }
    void reverse(float *, std::size_t) override { FAIL("an exchange"); }
};

}  // namespace

TEST_CASE("stages run forwards, then backwards, and give energy and its derivatives") {
    const sezm::Metadata metadata = toy_metadata("float64");
    std::vector<std::int64_t> programs;
    const auto evaluator = toy(metadata, &programs);
    Sample sample = small_cell();
    sezm::EdgeBuffer<double> edges;
    const auto energy = [&] {
        sezm::NeighborList(cutoff, 0.0).update(sample.atoms(), sample.cell, sample.periodic, edges);
        return toy_energy(edges, {1, 1, 1});
    };
    const sezm::Results results = evaluator->evaluate(sample.atoms(), sample.cell, sample.periodic);
    CHECK(programs == std::vector<std::int64_t>{0, 1, 2});
    CHECK(results.energy == Approx(energy()).epsilon(1e-14));
    CHECK(results.has_virial);
    const std::vector<double> forces(results.forces, results.forces + 9);
    for (std::size_t k = 0; k < 9; ++k) {
        const double step = 1e-5, position = sample.positions[k];
        sample.positions[k] = position + step;
        const double up = energy();
        sample.positions[k] = position - step;
        const double down = energy();
        sample.positions[k] = position;
        CHECK(forces[k] == Approx(-(up - down) / (2 * step)).margin(1e-6));
    }
    for (std::size_t k = 0; k < 9; ++k) {  // virials of atoms are parts of the whole one
        const double *parts = results.atom_virial + k;
        CHECK(parts[0] + parts[9] + parts[18] == Approx(results.virial[k]).margin(1e-10));
    }
}

TEST_CASE("energies of masked atoms do not count in stages") {
    const sezm::Metadata metadata = toy_metadata("float64");
    const auto evaluator = toy(metadata);
    const Sample sample = small_cell();
    sezm::EdgeBuffer<double> edges;
    sezm::NeighborList(cutoff, 0.0).update(sample.atoms(), sample.cell, sample.periodic, edges);
    const std::vector<double> mask{1, 0, 1};
    const sezm::Results results = evaluator->evaluate(
        sezm::Edges<double>{3, sample.positions.data(), sample.numbers.data(), mask.data(),
                            edges.count, edges.index.data(), edges.vectors.data()});
    CHECK(results.energy == Approx(toy_energy(edges, mask)).epsilon(1e-14));
    CHECK(results.atom_energy[1] == 0);
}

TEST_CASE("domains say together what the whole says, and domains without atoms take part") {
    const sezm::Metadata metadata = toy_metadata("float64");
    const auto whole = toy(metadata);
    const Sample sample = small_cell();
    const sezm::Results expected = whole->evaluate(sample.atoms(), sample.cell, sample.periodic);
    for (const auto &home : {std::vector<std::size_t>{0, 1, 1}, {2, 0, 1}, {1, 1, 1}}) {
        const auto domains = cut<double>(sample, cutoff, 3, home);
        std::vector<std::unique_ptr<sezm::Evaluator>> evaluators;
        for (std::size_t d = 0; d < domains.size(); ++d) evaluators.push_back(toy(metadata));
        std::vector<std::vector<std::size_t>> widths(domains.size());
        const Total total = run_domains<double>(
            domains, 3, [&](std::size_t d, const Domain<double> &domain, auto &exchange) {
                const sezm::Results results =
                    evaluators[d]->evaluate_domain(domain.edges(), domain.own_count, exchange);
                widths[d] = exchange.widths;
                return results;
            });
        CHECK(widths == std::vector<std::vector<std::size_t>>(3, {2, 2}));
        CHECK(total.energy == Approx(expected.energy).epsilon(1e-13));
        for (std::size_t k = 0; k < 9; ++k) {
            CHECK(total.forces[k] == Approx(expected.forces[k]).margin(1e-10));
            CHECK(total.virial[k] == Approx(expected.virial[k]).margin(1e-10));
        }
        for (std::size_t k = 0; k < 27; ++k) {
            CHECK(total.atom_virial[k] == Approx(expected.atom_virial[k]).margin(1e-10));
        }
    }
}

TEST_CASE("domains that make no sense are refused before any exchange") {
    const sezm::Metadata metadata = toy_metadata("float64");
    const auto evaluator = toy(metadata);
    NoExchange exchange;
    const Two two;
    const auto domain = [&](std::size_t own_count) {
        const sezm::Edges<double> edges = two.edges();
        evaluator->evaluate_domain(edges, own_count,
                                   static_cast<sezm::Exchange<double> &>(exchange));
    };
    require_error([&] { domain(3); }, ErrorCode::argument, "3 own atoms, but only 2 atoms at all");
    require_error([&] { domain(0); }, ErrorCode::argument, "leave out edges towards ghosts");
    Two stranger = two;
    stranger.numbers[1] = 79;
    require_error(
        [&] {
            evaluator->evaluate_domain(stranger.edges(), 1,
                                       static_cast<sezm::Exchange<double> &>(exchange));
        },
        ErrorCode::element, "Au");
    require_error(
        [&] {
            evaluator->evaluate_domain(sezm::Edges<float>{}, 0,
                                       static_cast<sezm::Exchange<float> &>(exchange));
        },
        ErrorCode::dtype, "computes in float64, so domains are given as Edges<double>");
}

TEST_CASE("an ordinary file refuses domains") {
    sezm::Model model = open_model();
    NoExchange exchange;
    const auto compute = [&] {
        model.compute_domain(sezm::Edges<float>{}, 0,
                             static_cast<sezm::Exchange<float> &>(exchange));
    };
    CHECK_FALSE(model.metadata().stages);
    require_error(compute, ErrorCode::argument, "run 'sezm export --staged'");
}

TEST_CASE("what stages hand on is read from the metadata, and checked") {
    const std::string whole = open_model().metadata().json;
    const std::string absent = R"("stages": null)";
    REQUIRE(whole.find(absent) != std::string::npos);
    const auto with = [&](const std::string &stages) {
        std::string text = whole;
        return text.replace(text.find(absent), absent.size(), R"("stages": )" + stages);
    };
    const auto read = [&](const std::string &stages) {
        return sezm::parse_metadata(with(stages), "model.onnx");
    };
    CHECK_FALSE(read("null").stages);
    REQUIRE(read("[]").stages);
    CHECK(read("[]").stages->empty());
    const auto stages = *read(R"([{"carried": 0, "sent": 3}, {"carried": 5, "sent": 7}])").stages;
    CHECK(stages[0].sent == 3);
    CHECK(stages[1].carried == 5);
    for (const char *wrong :
         {"7", R"([7])", R"([{"carried": 1}])", R"([{"carried": 1, "sent": 0}])",
          R"([{"carried": -1, "sent": 1}])", R"([{"carried": 1.5, "sent": 1}])",
          R"([{"carried": true, "sent": 1}])", R"([{"carried": 1, "sent": 4000000000}])",
          R"([{"carried": 1, "sent": 1, "more": 1}])"}) {
        require_error([&] { read(wrong); }, ErrorCode::file, "malformed (stages");
    }
    std::string direct = with("[]");
    direct.replace(direct.find("conservative"), 12, "direct");
    require_error([&] { sezm::parse_metadata(direct, "model.onnx"); }, ErrorCode::file,
                  "make no sense with");
}
