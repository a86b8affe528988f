#include "sezm/sezm.h"
#include "water.hpp"

namespace {

struct Opened {
    Opened() {
        sezm_options options = sezm_default_options();
        options.threads = 1;
        REQUIRE(sezm_load(MODEL, &options, &model) == SEZM_OK);
    }
    ~Opened() { sezm_free(model); }

    sezm_model *model = nullptr;
};

}  // namespace

TEST_CASE("C gives what C++ gives") {
    const Opened opened;
    const Sample sample = small_cell();
    sezm::Model model = open_model();
    const sezm::Results expected = model.compute(sample.atoms(), sample.cell, sample.periodic);
    const int periodic[] = {1, 1, 1};
    sezm_results results;
    REQUIRE(sezm_compute(opened.model, 3, sample.positions.data(), sample.numbers.data(),
                         sample.cell[0].data(), periodic, &results) == SEZM_OK);
    CHECK(results.energy == expected.energy);
    CHECK(results.forces[4] == expected.forces[4]);
    CHECK(results.virial[5] == expected.virial[5]);
    CHECK(results.has_virial == 1);
    CHECK(results.atom_virial == nullptr);
    CHECK(sezm_cutoff(opened.model) == 4.5);
    CHECK(std::string(sezm_dtype(opened.model)) == "float32");
    CHECK(std::string(sezm_metadata(opened.model)).front() == '{');
}

TEST_CASE("C gets edges evaluated in both precisions") {
    const Opened opened;
    const std::vector<double> positions{0, 0, 0, 1, 0, 0}, vectors{1, 0, 0, -1, 0, 0};
    const std::vector<float> single_positions{0, 0, 0, 1, 0, 0}, single_vectors{1, 0, 0, -1, 0, 0};
    const std::vector<std::int64_t> numbers{1, 1}, index{1, 0, 0, 1};
    const sezm_edges twice{2, positions.data(), numbers.data(), nullptr,
                           2, index.data(),     vectors.data()};
    const sezm_edges single{2,
                            single_positions.data(),
                            numbers.data(),
                            nullptr,
                            2,
                            index.data(),
                            single_vectors.data()};
    sezm_results one, other;
    REQUIRE(sezm_compute_edges(opened.model, &twice, &one) == SEZM_OK);
    const double force = one.forces[0];
    REQUIRE(sezm_compute_edges_float(opened.model, &single, &other) == SEZM_OK);
    CHECK(other.forces[0] == force);
    CHECK(force != 0);
}

TEST_CASE("C gets codes and messages") {
    sezm_model *model = nullptr;
    CHECK(sezm_load("/nonexistent", nullptr, &model) == SEZM_FILE);
    CHECK(model == nullptr);
    CHECK_THAT(sezm_error_message(), Catch::Contains("/nonexistent: no such file"));
    CHECK(sezm_load(nullptr, nullptr, &model) == SEZM_ARGUMENT);
    sezm_free(nullptr);

    const Opened opened;
    const Sample sample = water();
    sezm_results results;
    CHECK(sezm_compute(opened.model, 3, nullptr, sample.numbers.data(), nullptr, nullptr,
                       &results) == SEZM_ARGUMENT);
    CHECK_THAT(sezm_error_message(), Catch::Contains("positions is NULL"));
    CHECK(sezm_compute(opened.model, 0, nullptr, nullptr, nullptr, nullptr, &results) ==
          SEZM_STRUCTURE);
    const double value = 1;
    CHECK(sezm_set_input(opened.model, "spins", &value, 1) == SEZM_INPUT);
    CHECK(sezm_compute(opened.model, 3, sample.positions.data(), sample.numbers.data(), nullptr,
                       nullptr, &results) == SEZM_OK);
}
