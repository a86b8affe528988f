#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <sstream>

#include "model_file.hpp"
#include "onnx_functions.hpp"

namespace {

using Names = std::vector<std::string>;

const std::string version{"\x08\x08", 2};            // field 1, a number
const std::string operators{"\x42\x02\x10\x12", 4};  // field 8: of the stock domain, version 18

std::string number(std::uint64_t value) {
    std::string bytes;
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7F) | 0x80);
    return bytes + static_cast<char>(value);
}

/// A field that says how long its content is.
std::string field(std::uint64_t tag, const std::string &content) {
    return number(tag << 3 | 2) + number(content.size()) + content;
}

std::string graph() { return field(7, std::string(3000, '\x01')); }

std::string function(const std::string &name) {
    return field(25, field(4, "x") + field(1, name) + field(10, "sezm"));
}

Names functions_of(const std::string &content) {
    std::istringstream file(content);
    return sezm::onnx_functions(file);
}

}  // namespace

TEST_CASE("functions of an ONNX file are found by name") {
    const std::string start = version + graph();
    CHECK(functions_of(start + operators) == Names{});
    CHECK(functions_of(start + function("EdgeMessages_2_1") + operators + function("Rows_0")) ==
          Names{"EdgeMessages_2_1", "Rows_0"});
    CHECK(functions_of(function("Rows_0") + start) == Names{"Rows_0"});
}

TEST_CASE("functions of the bundled model are found") {
    std::ifstream file(MODEL, std::ios::binary);
    const Names names = sezm::onnx_functions(file);
    CHECK(std::count(names.begin(), names.end(), "EdgeMessages_1_1") == 1);
    CHECK(std::count(names.begin(), names.end(), "NeighborSlots") == 1);
}

TEST_CASE("a file without content or functions has none") {
    CHECK(functions_of("") == Names{});
    CHECK(functions_of(version) == Names{});
    std::ifstream missing("/nonexistent");
    CHECK(sezm::onnx_functions(missing) == Names{});
}

TEST_CASE("fields that nobody knows are passed over") {
    const std::string fields = field(99, "what is this") + number(77 << 3) + number(1ull << 63) +
                               number(78 << 3 | 1) + "8 bytes." + number(79 << 3 | 5) + "four";
    CHECK(functions_of(version + fields + function("Rows_0")) == Names{"Rows_0"});
    CHECK(functions_of(field(25, fields + field(1, "Rows_0"))) == Names{"Rows_0"});
}

TEST_CASE("functions without a name, or of a long one, keep their place") {
    CHECK(functions_of(field(25, "") + function(std::string(100000, 'x')) + function("Rows_0")) ==
          Names{"", "", "Rows_0"});
}

TEST_CASE("a file that ends within a function, or before it, has none") {
    const std::string whole = version + graph() + function("EdgeMessages_2_1");
    for (std::size_t length = 0; length < whole.size(); ++length)
        CHECK(functions_of(whole.substr(0, length)) == Names{});
    const std::string two = whole + function("Rows_0");
    for (std::size_t length = whole.size() + 1; length < two.size(); ++length)
        CHECK(functions_of(two.substr(0, length)) == Names{});
}

TEST_CASE("numbers that are too long, or lengths beyond the file, are damage") {
    const std::string good = function("Rows_0");
    for (const std::uint64_t length :
         {std::uint64_t{1} << 31, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
          std::numeric_limits<std::uint64_t>::max() - good.size(),
          std::numeric_limits<std::uint64_t>::max()}) {
        for (const int tag : {7, 25}) {
            CHECK(functions_of(good + number(static_cast<std::uint64_t>(tag) << 3 | 2) +
                               number(length) + good) == Names{});
        }
        CHECK(functions_of(field(25, number(1 << 3 | 2) + number(length) + "Rows_0")) == Names{});
    }
    CHECK(functions_of(good + std::string(100, '\xff')) == Names{});
    CHECK(functions_of(good + "\x08" + std::string(100, '\xff')) == Names{});
    CHECK(functions_of(good + std::string(1, '\x08') + std::string(10, '\x80') + '\x01') ==
          Names{});
}

TEST_CASE("a name that reaches beyond its function is damage") {
    const std::string reaching = number(1 << 3 | 2) + number(40) + "Rows_0";
    CHECK(functions_of(field(25, reaching) + std::string(100, '\x08')) == Names{});
}

TEST_CASE("groups and unknown kinds of fields are damage") {
    for (const int kind : {3, 4, 6, 7}) {
        const std::string strange = number(static_cast<std::uint64_t>(26 << 3 | kind));
        CHECK(functions_of(function("Rows_0") + strange + function("Rows_1")) == Names{});
        CHECK(functions_of(field(25, strange + field(1, "Rows_0"))) == Names{});
    }
}

TEST_CASE("whatever is damaged, reading ends") {
    const std::string whole =
        version + graph() + function("EdgeMessages_2_1") + operators + function("Rows_0");
    std::mt19937 random(0);
    for (int trial = 0; trial < 2000; ++trial) {
        std::string damaged = whole;
        for (int byte = 0; byte < 1 + trial % 4; ++byte)
            damaged[random() % damaged.size()] = static_cast<char>(random());
        CHECK(functions_of(damaged).size() <= damaged.size() / 2);
    }
}
