// A water molecule with ONNX Runtime alone: embed_onnxruntime MODEL.onnx (a float32 file)
#include <onnxruntime_cxx_api.h>

#include <cmath>
#include <cstdio>
#include <vector>

// The tensors of export/FORMAT.md: N atoms, E edges, one system.
struct Graph {
    std::vector<float> pos;                      // [N, 3]
    std::vector<std::int64_t> atomic_numbers;    // [N]
    std::vector<std::int64_t> sources, targets;  // [E] each
    std::vector<float> edge_distance, edge_vec;  // [E], [E, 3]
};

// Both directions of every pair within the cutoff; edge_vec = pos[source] - pos[target].
void find_edges(Graph &graph, float cutoff) {
    const std::size_t n_atoms = graph.atomic_numbers.size();
    for (std::size_t target = 0; target < n_atoms; ++target) {
        for (std::size_t source = 0; source < n_atoms; ++source) {
            float vec[3], square = 0;
            for (int x = 0; x < 3; ++x) {
                vec[x] = graph.pos[3 * source + x] - graph.pos[3 * target + x];
                square += vec[x] * vec[x];
            }
            if (source == target || square >= cutoff * cutoff) continue;
            graph.sources.push_back(static_cast<std::int64_t>(source));
            graph.targets.push_back(static_cast<std::int64_t>(target));
            graph.edge_vec.insert(graph.edge_vec.end(), vec, vec + 3);
            graph.edge_distance.push_back(std::sqrt(square));
        }
    }
}

int main(int argc, char **argv) try {
    if (argc != 2) return std::fprintf(stderr, "usage: embed_onnxruntime MODEL.onnx\n"), 2;
    Ort::Env env(ORT_LOGGING_LEVEL_ERROR);
    Ort::Session session(env, argv[1], Ort::SessionOptions());

    const float cutoff = 4.5f;  // Angstrom, from the file's metadata_props["sezm_metadata"]
    Graph graph{{0, 0, 0.119262f, 0, 0.763239f, -0.477047f, 0, -0.763239f, -0.477047f}, {8, 1, 1}};
    find_edges(graph, cutoff);
    const auto n_atoms = static_cast<std::int64_t>(graph.atomic_numbers.size());
    const auto n_edges = static_cast<std::int64_t>(graph.sources.size());
    std::vector<std::int64_t> batch(n_atoms, 0), natoms{n_atoms}, edge_index = graph.sources;
    edge_index.insert(edge_index.end(), graph.targets.begin(), graph.targets.end());
    std::vector<float> atom_mask(n_atoms, 1);

    const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    const auto tensor = [&](auto &values, std::vector<std::int64_t> shape) {
        return Ort::Value::CreateTensor(memory, values.data(), values.size(), shape.data(),
                                        shape.size());
    };
    std::vector<Ort::Value> inputs;
    inputs.push_back(tensor(graph.pos, {n_atoms, 3}));
    inputs.push_back(tensor(graph.atomic_numbers, {n_atoms}));
    inputs.push_back(tensor(batch, {n_atoms}));
    inputs.push_back(tensor(natoms, {1}));
    inputs.push_back(tensor(edge_index, {2, n_edges}));
    inputs.push_back(tensor(graph.edge_distance, {n_edges}));
    inputs.push_back(tensor(graph.edge_vec, {n_edges, 3}));
    inputs.push_back(tensor(atom_mask, {n_atoms}));
    const char *names[] = {"pos",        "atomic_numbers", "batch",    "natoms",
                           "edge_index", "edge_distance",  "edge_vec", "atom_mask"};
    const char *wanted[] = {"energy", "forces"};
    auto outputs = session.Run({}, names, inputs.data(), inputs.size(), wanted, 2);

    std::printf("energy %.12g\n", outputs[0].GetTensorData<double>()[0]);
    const float *forces = outputs[1].GetTensorData<float>();
    for (int atom = 0; atom < n_atoms; ++atom) {
        std::printf("force %.9g %.9g %.9g\n", forces[3 * atom], forces[3 * atom + 1],
                    forces[3 * atom + 2]);
    }
} catch (const Ort::Exception &error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
}
