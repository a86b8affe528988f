#include <cmath>

#include "input_tensors.hpp"
#include "model_file.hpp"
#include "water.hpp"

using sezm::ErrorCode;

namespace {

void load_refused(const std::string &path, const sezm::Options &options, ErrorCode code,
                  const char *text) {
    require_error([&] { sezm::Model::load(path, options); }, code, text);
}

/// A model that takes two of the optional inputs, one of them with a default.
sezm::Metadata conditioned() {
    sezm::Metadata metadata = bundled_metadata();
    metadata.inputs.push_back({"charge_spin", {"B", "2"}, "real", ""});
    metadata.inputs.push_back({"aparam", {"N", "1"}, "real", ""});
    metadata.input_defaults["charge_spin"] = {0, 1};
    return metadata;
}

}  // namespace

TEST_CASE("options that make no sense are refused") {
    sezm::Options options;
    options.device = "gpu";
    load_refused(MODEL, options, ErrorCode::argument, "device 'gpu' is unknown");
    options = {};
    options.threads = -1;
    load_refused(MODEL, options, ErrorCode::argument, "threads is -1");
    options = {};
    options.skin = -0.5;
    load_refused(MODEL, options, ErrorCode::argument, "skin is -0.5");
    options = {};
    options.dtype = "float64";
    load_refused(MODEL, options, ErrorCode::dtype, "computes in float32");
    options = {};
    options.backend = sezm::Backend::torchscript;
    load_refused(MODEL, options, ErrorCode::argument, "a file for ONNX Runtime");
    options = {};
    options.backend = static_cast<sezm::Backend>(77);
    load_refused(MODEL, options, ErrorCode::argument, "backend 77 is unknown");
    options = {};
    options.device = "cuda:7";
    load_refused(MODEL, options, ErrorCode::backend, "cuda:7");
}

TEST_CASE("damaged files are refused") {
    const std::string whole = content_of(MODEL);
    for (const std::size_t length : {std::size_t{3}, std::size_t{100}, whole.size() / 2}) {
        const TemporaryFile file(whole.substr(0, length));
        load_refused(file.path(), {}, ErrorCode::file, file.path().c_str());
    }
    std::string renamed = whole;
    renamed.replace(renamed.rfind("sezm_metadata"), 4, "else");
    const TemporaryFile file(renamed);
    load_refused(file.path(), {}, ErrorCode::file, "not a file that 'sezm export' wrote");
}

TEST_CASE("elements that the model does not know are named") {
    sezm::Model model = open_model();
    Sample sample = water();
    sample.numbers = {6, 26, 1};
    require_error([&] { model.compute(sample.atoms()); }, ErrorCode::element,
                  "the structure holds C, Fe, which the model does not know (it knows H, O)");
    sample.numbers = {8, 1, -4};
    require_error([&] { model.compute(sample.atoms()); }, ErrorCode::element, "atomic number -4");
}

TEST_CASE("optional inputs are asked for by name") {
    require_error(
        [] {
            const double one = 1;
            open_model().set_input("fparam", &one, 1);
        },
        ErrorCode::input, "takes no input 'fparam'");
    const auto metadata = conditioned();
    sezm::InputTensors<double> inputs(metadata);
    const std::vector<double> values{1, 2, 3};
    const Sample sample = water();
    sezm::Edges<double> atoms;
    atoms.atom_count = 3;
    atoms.positions = sample.positions.data();
    atoms.atomic_numbers = sample.numbers.data();
    require_error([&] { inputs.lay_out(atoms, nullptr); }, ErrorCode::input,
                  "needs the input 'aparam'");
    require_error([&] { inputs.optional.set("charge_spin", values.data(), 3); }, ErrorCode::input,
                  "has 3 values; it takes 2");
    const auto refused = [&](const std::vector<double> &row, const char *text) {
        require_error([&] { inputs.optional.set("charge_spin", row.data(), 2); }, ErrorCode::input,
                      text);
    };
    refused({-101, 1}, "charge is -101 and spin 1; use whole numbers, charges from -100 to 99");
    refused({0.5, 1}, "charge is 0.5");
    refused({0, 100}, "spins from 0 to 99");
    refused({0, NAN}, "entry 1, is nan: use finite numbers");
    inputs.optional.set("aparam", values.data(), 2);
    require_error([&] { inputs.lay_out(atoms, nullptr); }, ErrorCode::input, "set for 2 atoms");
    inputs.optional.set("aparam", values.data(), 3);
    const auto &tensors = inputs.lay_out(atoms, nullptr);
    CHECK(static_cast<const double *>(tensors[8].data)[1] == 1);  // the default
    CHECK(static_cast<const double *>(tensors[9].data)[2] == 3);
    inputs.optional.set("charge_spin", values.data(), 2);
    inputs.lay_out(atoms, nullptr);
    CHECK(static_cast<const double *>(tensors[8].data)[1] == 2);
    inputs.optional.set("charge_spin", nullptr, 0);
    inputs.lay_out(atoms, nullptr);
    CHECK(static_cast<const double *>(tensors[8].data)[1] == 1);
    inputs.optional.set("aparam", nullptr, 0);
    require_error([&] { inputs.lay_out(atoms, nullptr); }, ErrorCode::input,
                  "needs the input 'aparam'");
}

TEST_CASE("values that a model does not know are named") {
    sezm::Metadata metadata = open_model().metadata();
    metadata.inputs.push_back({"charge", {"B", "1"}, "real", ""});
    metadata.input_values["charge"] = {-1, 0};
    sezm::InputTensors<double> inputs(metadata);
    const double charges[] = {0, 2};
    inputs.optional.set("charge", charges, 1);
    require_error([&] { inputs.optional.set("charge", charges + 1, 1); }, ErrorCode::input,
                  "input 'charge' is 2; this model knows -1 0 alone");
}

TEST_CASE("models in which every atom counts for every other take no ghosts") {
    sezm::Metadata metadata = open_model().metadata();
    metadata.whole_system = true;
    sezm::InputTensors<double> inputs(metadata);
    const Sample sample = water();
    const double own[] = {1, 1, 1}, ghost[] = {1, 1, 0};
    sezm::Edges<double> atoms;
    atoms.atom_count = 3;
    atoms.positions = sample.positions.data();
    atoms.atomic_numbers = sample.numbers.data();
    atoms.atom_mask = own;
    inputs.lay_out(atoms, nullptr);
    atoms.atom_mask = ghost;
    require_error([&] { inputs.lay_out(atoms, nullptr); }, ErrorCode::argument, "(whole_system)");
}
