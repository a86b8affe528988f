#include "arguments.hpp"

#include <cstdlib>
#include <vector>

const char *const usage =
    "usage: sezm_run MODEL IN.xyz OUT.xyz [options]\n"
    "\n"
    "Energies, forces and stresses of every frame of an extended XYZ file, as ASE names them.\n"
    "\n"
    "  --backend NAME      onnxruntime, torchscript or aotinductor (default: by the file)\n"
    "  --device NAME       cpu, cuda or cuda:N\n"
    "  --threads N         threads within an operator (default: the engine's choice)\n"
    "  --skin LENGTH       of the neighbour list, Angstrom (default 1)\n"
    "  --dtype NAME        insist on float32 or float64\n"
    "\n"
    "  --md STEPS          velocity Verlet from the last frame instead\n"
    "  --timestep TIME     fs (default 0.5)\n"
    "  --temperature T     draw starting velocities at T kelvin (default: the file's momenta)\n"
    "  --every N           steps between written frames (default 10)\n"
    "\n"
    "example: sezm_run water.onnx water64.extxyz out.extxyz --md 200 --temperature 300\n";

namespace {

[[noreturn]] void refuse(const std::string &what) {
    throw sezm::Error(sezm::ErrorCode::argument, what + " (sezm_run --help says more)");
}

double number(const std::string &option, const std::string &text, double smallest) {
    char *end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !(value >= smallest && value < 1e15)) {
        refuse(option + " is '" + text + "'; use a number of " + std::to_string(smallest) +
               " or more.");
    }
    return value;
}

long whole(const std::string &option, const std::string &text, long smallest) {
    const double value = number(option, text, static_cast<double>(smallest));
    if (value != static_cast<double>(static_cast<long>(value))) {
        refuse(option + " is '" + text + "'; use a whole number.");
    }
    return static_cast<long>(value);
}

sezm::Backend backend(const std::string &name) {
    if (name == "onnxruntime") return sezm::Backend::onnxruntime;
    if (name == "torchscript") return sezm::Backend::torchscript;
    if (name == "aotinductor") return sezm::Backend::aotinductor;
    refuse("--backend is '" + name + "'; use onnxruntime, torchscript or aotinductor.");
}

void set(Arguments &arguments, const std::string &option, const std::string &value) {
    if (option == "--backend") {
        arguments.options.backend = backend(value);
    } else if (option == "--device") {
        arguments.options.device = value;
    } else if (option == "--threads") {
        arguments.options.threads = static_cast<int>(whole(option, value, 1));
    } else if (option == "--skin") {
        arguments.options.skin = number(option, value, 0);
    } else if (option == "--dtype") {
        arguments.options.dtype = value;
    } else if (option == "--md") {
        arguments.steps = whole(option, value, 0);
    } else if (option == "--timestep") {
        arguments.timestep = number(option, value, 1e-6);
    } else if (option == "--temperature") {
        arguments.temperature = number(option, value, 0);
    } else if (option == "--every") {
        arguments.every = whole(option, value, 1);
    } else {
        refuse("option " + option + " is unknown.");
    }
}

}  // namespace

Arguments parse_arguments(int argc, char **argv) {
    Arguments arguments;
    std::vector<std::string> files;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--help" || word == "-h") {
            arguments.help = true;
            return arguments;
        }
        if (word.compare(0, 2, "--") != 0) {
            files.push_back(word);
        } else if (++i < argc) {
            set(arguments, word, argv[i]);
        } else {
            refuse("option " + word + " lacks its value.");
        }
    }
    if (files.size() != 3) refuse("give three files: MODEL IN.xyz OUT.xyz.");
    arguments.model = files[0];
    arguments.input = files[1];
    arguments.output = files[2];
    return arguments;
}
