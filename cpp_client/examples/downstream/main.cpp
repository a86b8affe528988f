#include <cstdio>
#include <vector>

#include "sezm/sezm.hpp"

int main(int argc, char **argv) try {
    sezm::Model model = sezm::Model::load(argc > 1 ? argv[1] : "model.onnx");
    const std::vector<double> positions{0, 0, 0.119, 0, 0.763, -0.477, 0, -0.763, -0.477};
    const std::vector<std::int64_t> numbers{8, 1, 1};
    const sezm::Results results = model.compute({3, positions.data(), numbers.data()});
    std::printf("%.9f eV, force on the first atom %.6f eV/Angstrom along z\n", results.energy,
                results.forces[2]);
} catch (const sezm::Error &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
