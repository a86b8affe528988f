#include "input_tensors.hpp"
#include "water.hpp"

namespace {

sezm::Metadata static_metadata(std::int64_t atoms, std::int64_t edges) {
    sezm::Metadata metadata = bundled_metadata();
    metadata.static_sizes = sezm::StaticSizes{atoms, edges, 1};
    return metadata;
}

/// Two hydrogen atoms and their two edges.
struct Pair {
    std::vector<float> positions{0, 0, 0, 1, 0, 0}, vectors{1, 0, 0, -1, 0, 0};
    std::vector<std::int64_t> numbers{1, 1}, index{1, 0, 0, 1};

    sezm::Edges<float> edges() const {
        return {2, positions.data(), numbers.data(), nullptr, 2, index.data(), vectors.data()};
    }
};

template <class T>
std::vector<T> values(const sezm::Tensor &tensor) {
    const T *first = static_cast<const T *>(tensor.data);
    return {first, first + tensor.size()};
}

using Reals = std::vector<float>;
using Integers = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a static file gets atoms and edges that contribute nothing") {
    const auto metadata = static_metadata(3, 4);
    sezm::InputTensors<float> inputs(metadata);
    const auto &tensors = inputs.lay_out(Pair().edges(), nullptr);
    CHECK(values<float>(tensors[0]) == Reals{0, 0, 0, 1, 0, 0, 0, 0, 0});
    CHECK(values<std::int64_t>(tensors[1]) == Integers{1, 1, 0});
    CHECK(values<std::int64_t>(tensors[2]) == Integers{0, 0, 0});
    CHECK(values<std::int64_t>(tensors[3]) == Integers{2});
    CHECK(values<std::int64_t>(tensors[4]) == Integers{1, 0, 0, 0, 0, 1, 0, 0});
    CHECK(values<float>(tensors[5]) == Reals{1, 1, 9, 9});
    CHECK(values<float>(tensors[6]) == Reals{1, 0, 0, -1, 0, 0, 9, 0, 0, 9, 0, 0});
    CHECK(values<float>(tensors[7]) == Reals{1, 1, 0});
}

TEST_CASE("a dynamic file reads the caller's arrays in place") {
    const auto metadata = bundled_metadata();
    sezm::InputTensors<float> inputs(metadata);
    const Pair pair;
    const auto &tensors = inputs.lay_out(pair.edges(), nullptr);
    CHECK(tensors[0].data == pair.positions.data());
    CHECK(tensors[4].data == pair.index.data());
    CHECK(tensors[6].data == pair.vectors.data());
}

TEST_CASE("a system that is too large for a static file is refused") {
    const auto refused = [](std::int64_t atoms, std::int64_t edges, const char *text) {
        const auto metadata = static_metadata(atoms, edges);
        sezm::InputTensors<float> inputs(metadata);
        require_error([&] { inputs.lay_out(Pair().edges(), nullptr); }, sezm::ErrorCode::too_large,
                      text);
    };
    refused(1, 4, "2 atoms, but this static file takes at most 1");
    refused(3, 1, "2 edges, but this static file takes at most 1");
}
