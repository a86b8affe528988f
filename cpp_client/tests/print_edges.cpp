/// print_edges IN.xyz CUTOFF SKIN: "frame source target x y z" of every edge.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "extxyz.hpp"
#include "neighbor_list.hpp"

int main(int argc, char **argv) try {
    if (argc != 4) return 2;
    std::ifstream file(argv[1]);
    sezm::EdgeBuffer<double> edges;
    for (int frame = 0; auto structure = read_extxyz(file, argv[1]); ++frame) {
        sezm::NeighborList list(std::atof(argv[2]), std::atof(argv[3]));
        const sezm::Atoms atoms{structure->atom_count(), structure->positions.data(),
                                structure->atomic_numbers.data()};
        list.update(atoms, structure->cell, structure->periodic, edges);
        for (std::size_t e = 0; e < edges.count; ++e) {
            const double *vector = &edges.vectors[3 * e];
            std::printf("%d %ld %ld %.17g %.17g %.17g\n", frame, static_cast<long>(edges.index[e]),
                        static_cast<long>(edges.index[edges.count + e]), vector[0], vector[1],
                        vector[2]);
        }
    }
} catch (const std::exception &error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
}
