// A water molecule with libtorch alone: embed_libtorch MODEL.pt
#include <torch/script.h>

#include <cstdio>

int main(int argc, char **argv) try {
    if (argc != 2) return std::fprintf(stderr, "usage: embed_libtorch MODEL.pt\n"), 2;
    // Fusion and profiling make the first calls slow, later ones no faster.
    torch::jit::FusionStrategy none;
    torch::jit::setFusionStrategy(none);
    torch::jit::getExecutorMode() = false;
    torch::jit::Module model = torch::jit::load(argv[1]);

    const double cutoff = 4.5;          // Angstrom, and
    const auto real = torch::kFloat32;  // the dtype: both from the extra file sezm_metadata.json
    const auto pos = torch::tensor(
        {{0.0, 0.0, 0.119262}, {0.0, 0.763239, -0.477047}, {0.0, -0.763239, -0.477047}}, real);
    const auto atomic_numbers = torch::tensor({8, 1, 1}, torch::kInt64);
    const auto n_atoms = pos.size(0);

    // Both directions of every pair within the cutoff; edge_vec = pos[source] - pos[target].
    const auto distances = (pos.unsqueeze(0) - pos.unsqueeze(1)).norm(2, {2});  // [target, source]
    const auto pairs =
        (distances < cutoff).logical_and(~torch::eye(n_atoms, torch::kBool)).nonzero();
    const auto edge_index =
        torch::stack({pairs.select(1, 1), pairs.select(1, 0)});  // sources, targets
    const auto edge_vec = pos.index_select(0, edge_index[0]) - pos.index_select(0, edge_index[1]);

    const c10::InferenceMode guard;
    const auto outputs = model
                             .forward({
                                 pos,
                                 atomic_numbers,
                                 torch::zeros({n_atoms}, torch::kInt64),   // batch: one system
                                 torch::tensor({n_atoms}, torch::kInt64),  // natoms
                                 edge_index,
                                 edge_vec.norm(2, {1}),
                                 edge_vec,
                                 torch::ones({n_atoms}, real),  // atom_mask
                             })
                             .toTuple();

    std::printf("energy %.12g\n", outputs->elements()[0].toTensor().item<double>());
    const auto forces = outputs->elements()[1].toTensor().to(torch::kFloat64).contiguous();
    for (int64_t atom = 0; atom < n_atoms; ++atom) {
        const double *force = forces.data_ptr<double>() + 3 * atom;
        std::printf("force %.9g %.9g %.9g\n", force[0], force[1], force[2]);
    }
} catch (const std::exception &error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
