#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <tuple>

#include "neighbor_list.hpp"
#include "water.hpp"

namespace {

using Edge = std::tuple<std::int64_t, std::int64_t, double, double, double>;

std::vector<Edge> listed(const sezm::EdgeBuffer<double> &edges) {
    std::vector<Edge> list;
    for (std::size_t e = 0; e < edges.count; ++e) {
        const double *v = &edges.vectors[3 * e];
        list.emplace_back(edges.index[edges.count + e], edges.index[e], v[0], v[1], v[2]);
    }
    return list;
}

/// All pairs over all images that could matter, by brute force.
std::vector<Edge> brute_force(const Sample &sample, double cutoff, int images) {
    std::vector<Edge> list;
    const auto reach = [&](int axis) { return sample.periodic[axis] ? images : 0; };
    for (std::size_t i = 0; i < sample.numbers.size(); ++i) {
        for (std::size_t j = 0; j < sample.numbers.size(); ++j) {
            for (int a = -reach(0); a <= reach(0); ++a) {
                for (int b = -reach(1); b <= reach(1); ++b) {
                    for (int c = -reach(2); c <= reach(2); ++c) {
                        double v[3], square = 0;
                        for (int x = 0; x < 3; ++x) {
                            double offset = 0;
                            if (a != 0) offset += a * sample.cell[0][x];
                            if (b != 0) offset += b * sample.cell[1][x];
                            if (c != 0) offset += c * sample.cell[2][x];
                            v[x] =
                                sample.positions[3 * j + x] - sample.positions[3 * i + x] + offset;
                            square += v[x] * v[x];
                        }
                        if (i == j && a == 0 && b == 0 && c == 0) continue;
                        if (square < cutoff * cutoff) list.emplace_back(i, j, v[0], v[1], v[2]);
                    }
                }
            }
        }
    }
    return list;
}

std::vector<Edge> found(const Sample &sample, double cutoff, double skin = 0) {
    sezm::NeighborList list(cutoff, skin);
    sezm::EdgeBuffer<double> edges;
    list.update(sample.atoms(), sample.cell, sample.periodic, edges);
    return listed(edges);
}

Sample random_sample(std::size_t count, double spread, unsigned seed) {
    std::mt19937 engine(seed);
    std::uniform_real_distribution<double> uniform(-spread, spread);
    Sample sample;
    for (std::size_t i = 0; i < count; ++i) {
        for (int x = 0; x < 3; ++x) sample.positions.push_back(uniform(engine));
        sample.numbers.push_back(1);
    }
    return sample;
}

void require_same(std::vector<Edge> one, std::vector<Edge> other) {
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    REQUIRE(one == other);
}

}  // namespace

TEST_CASE("edges are those of a search over all images") {
    const sezm::Cell skewed{{{3.1, 0, 0}, {1.4, 3.3, 0}, {-1.2, -0.5, 3.6}}};
    for (const auto &periodic :
         {sezm::Periodic{true, true, true}, sezm::Periodic{true, false, true},
          sezm::Periodic{false, false, true}, sezm::Periodic{}}) {
        Sample sample = random_sample(6, 6.0, 1);  // many atoms lie outside the cell
        sample.cell = skewed;
        sample.periodic = periodic;
        require_same(found(sample, 4.0), brute_force(sample, 4.0, 10));
    }
}

TEST_CASE("unused cell vectors do not matter") {
    Sample sample = small_cell();
    sample.periodic = {true, true, false};
    const auto edges = found(sample, 4.5);
    for (const double value : {0.0, 1e-3, 1e9, std::numeric_limits<double>::quiet_NaN()}) {
        sample.cell[2] = {value, value, value};
        REQUIRE(found(sample, 4.5) == edges);
    }
}

TEST_CASE("boxes that are huge, elongated or sparse end no process") {
    Sample sample = random_sample(40, 1.0, 2);
    for (std::size_t i = 0; i < sample.positions.size(); i += 3) sample.positions[i] *= 1e4;
    sample.cell = {{{1e7, 0, 0}, {0, 1e5, 0}, {0, 0, 5}}};
    sample.periodic = {true, true, true};
    require_same(found(sample, 4.0), brute_force(sample, 4.0, 1));
    for (std::size_t i = 1; i < sample.positions.size(); i += 3) sample.positions[i] *= 1e4;
    require_same(found(sample, 4.0), brute_force(sample, 4.0, 1));
}

TEST_CASE("a sparse sheet has no neighbours across itself") {
    Sample sample = random_sample(1500, 1500.0, 4);
    for (std::size_t i = 0; i < sample.positions.size(); ++i) {
        sample.positions[i] *= i % 3 == 2 ? 1e-3 : 10;
    }
    sample.cell = {{{3e4, 0, 0}, {0, 3e4, 0}, {0, 0, 1}}};
    sample.periodic = {true, true, false};
    require_same(found(sample, 4.0), brute_force(sample, 4.0, 0));
}

TEST_CASE("a skin saves searches and changes no edge") {
    Sample sample = small_cell();
    sezm::NeighborList with_skin(4.5, 1.0), without(4.5, 0.0);
    sezm::EdgeBuffer<double> one, other;
    std::mt19937 engine(3);
    std::normal_distribution<double> normal(0.0, 0.05);
    for (int step = 0; step < 30; ++step) {
        for (double &x : sample.positions) x += normal(engine);
        with_skin.update(sample.atoms(), sample.cell, sample.periodic, one);
        without.update(sample.atoms(), sample.cell, sample.periodic, other);
        REQUIRE(listed(one) == listed(other));
    }
    CHECK(without.searches() == 30);
    CHECK(with_skin.searches() < 15);
    sample.cell[0][0] += 1e-9;
    const std::size_t searches = with_skin.searches();
    with_skin.update(sample.atoms(), sample.cell, sample.periodic, one);
    CHECK(with_skin.searches() == searches + 1);
}

TEST_CASE("a limit keeps the nearest neighbours of each atom") {
    Sample sample = small_cell();
    sezm::NeighborList list(4.5, 0.5, 5);
    sezm::EdgeBuffer<double> edges;
    list.update(sample.atoms(), sample.cell, sample.periodic, edges);
    REQUIRE(edges.count == 15);
    const auto kept = listed(edges), all = found(sample, 4.5);
    for (std::int64_t target = 0; target < 3; ++target) {
        const auto lengths = [&](const std::vector<Edge> &list) {
            std::vector<double> values;
            for (const auto &[i, j, x, y, z] : list) {
                if (i == target) values.push_back(std::sqrt(x * x + y * y + z * z));
            }
            std::sort(values.begin(), values.end());
            return values;
        };
        auto nearest = lengths(all);
        nearest.resize(5);
        REQUIRE(lengths(kept) == nearest);
    }
}

TEST_CASE("structures without sense are refused") {
    using sezm::ErrorCode;
    const auto refused = [](const Sample &sample, const char *text) {
        require_error([&] { found(sample, 4.5); }, ErrorCode::structure, text);
    };
    refused({}, "no atoms");
    Sample sample = water();
    sample.positions[4] = std::numeric_limits<double>::quiet_NaN();
    refused(sample, "atom 1 is at [0, nan, -0.477047]");
    sample.positions = {0, 0, 0, 1, 0, 0, 1, 0, 0};
    refused(sample, "atoms 1 and 2 are at the same place");
    sample = small_cell();
    sample.cell[2] = sample.cell[1];
    refused(sample, "periodic along a, b, c, but the cell has no volume");
    sample.cell[2] = {0, 0, 0};
    refused(sample, "no volume");
    sample.cell[2] = {0, 0, std::numeric_limits<double>::infinity()};
    refused(sample, "not finite");
    sample = small_cell();
    sample.positions[0] = 1e13;
    refused(sample, "wrap");
    require_error([] { sezm::NeighborList(4.5, -1.0); }, ErrorCode::argument, "skin is -1");
}
