/// Small structures and helpers that several tests use.
#pragma once

#include <catch2/catch.hpp>
#include <vector>

#include "sezm/sezm.hpp"

/// Owns what sezm::Atoms looks at.
struct Sample {
    std::vector<double> positions;
    std::vector<std::int64_t> numbers;
    sezm::Cell cell{};
    sezm::Periodic periodic{};

    sezm::Atoms atoms() const { return {numbers.size(), positions.data(), numbers.data()}; }
};

inline Sample water() {
    return {{0, 0, 0.119262, 0, 0.763239, -0.477047, 0, -0.763239, -0.477047}, {8, 1, 1}};
}

/// Water in a skewed cell that is smaller than the cutoff.
inline Sample small_cell() {
    Sample sample = water();
    sample.cell = {{{3.1, 0, 0}, {0.4, 3.3, 0}, {0.2, -0.5, 3.6}}};
    sample.periodic = {true, true, true};
    return sample;
}

inline sezm::Model open_model(double skin = 1.0) {
    sezm::Options options;
    options.threads = 1;
    options.skin = skin;
    return sezm::Model::load(MODEL, options);
}

/// What the bundled model says of itself.
inline const sezm::Metadata &bundled_metadata() {
    static const sezm::Metadata metadata = open_model().metadata();
    return metadata;
}

/// The code and text of the sezm::Error that a function throws.
template <class Function>
void require_error(Function function, sezm::ErrorCode code, const std::string &text) {
    try {
        function();
    } catch (const sezm::Error &error) {
        CHECK(error.code() == code);
        CHECK_THAT(error.what(), Catch::Contains(text));
        return;
    }
    FAIL("no error; expected one with '" << text << "'");
}
