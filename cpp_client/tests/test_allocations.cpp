// Replaces operator new to count; the address sanitizer has its own.
#ifndef __SANITIZE_ADDRESS__

#include <cstdlib>
#include <new>

#include "neighbor_list.hpp"
#include "toy_stages.hpp"
#include "water.hpp"

namespace {

std::size_t allocations = 0;

}  // namespace

// Not inlined, so that valgrind sees either both of a pair or none.
#define NOT_INLINED __attribute__((noinline))
NOT_INLINED void *operator new(std::size_t size) {
    ++allocations;
    if (void *memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
NOT_INLINED void operator delete(void *memory) noexcept { std::free(memory); }
NOT_INLINED void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

TEST_CASE("between searches nothing is allocated") {
    Sample sample = small_cell();
    sezm::NeighborList list(4.5, 1.0);
    sezm::EdgeBuffer<float> edges;
    list.update(sample.atoms(), sample.cell, sample.periodic, edges);
    const std::size_t before = allocations;
    for (int step = 0; step < 10; ++step) {
        sample.positions[0] += 0.01;
        list.update(sample.atoms(), sample.cell, sample.periodic, edges);
    }
    CHECK(allocations == before);
    CHECK(list.searches() == 1);
}

TEST_CASE("nothing is allocated between stages once sizes have settled") {
    const sezm::Metadata metadata = toy_metadata("float64");
    const auto evaluator =
        sezm::make_evaluator(metadata, 1.0, std::make_unique<ToySession<double>>());
    Sample sample = small_cell();
    evaluator->evaluate(sample.atoms(), sample.cell, sample.periodic);
    const std::size_t before = allocations;
    for (int step = 0; step < 10; ++step) {
        sample.positions[0] += 0.001;
        evaluator->evaluate(sample.atoms(), sample.cell, sample.periodic);
    }
    CHECK(allocations == before);
}

#endif
