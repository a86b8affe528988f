#include "backends.hpp"

#include <dlfcn.h>

#include <filesystem>

#include "sniff.hpp"

namespace sezm {
namespace {

struct Engine {
    const char *name;
    const char *library;  // beside libsezm, or where the loader looks
    const char *option;
};

Engine engine_of(Backend backend) {
    if (backend == Backend::onnxruntime) {
        return {"ONNX Runtime", "libsezm_onnxruntime.so", "SEZM_ONNXRUNTIME"};
    }
    if (backend == Backend::aotinductor) {
        return {"AOTInductor (libtorch)", "libsezm_aotinductor.so", "SEZM_TORCH"};
    }
    return {"libtorch", "libsezm_torch.so", "SEZM_TORCH"};
}

/// Path of a library in the folder that this code was loaded from, or its name if it is not there.
std::string beside_this(const char *library) {
    Dl_info here{};
    if (dladdr(reinterpret_cast<void *>(&beside_this), &here) == 0) return library;
    const auto path = std::filesystem::path(here.dli_fname).parent_path() / library;
    std::error_code unreadable;
    return std::filesystem::exists(path, unreadable) ? path.string() : library;
}

/// The opening function of an engine's library, which stays loaded for good.
OpenSession *load(const Engine &engine, const std::string &path) {
    void *library = dlopen(beside_this(engine.library).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw Error(ErrorCode::backend, path + ": needs " + engine.name +
                                            ", which this libsezm lacks (" + dlerror() +
                                            "); build it with -D" + engine.option + "=ON.");
    }
    void *symbol = dlsym(library, "sezm_open_session");
    if (symbol == nullptr) {
        throw Error(ErrorCode::backend, std::string(engine.library) +
                                            " is not of this libsezm; install them together.");
    }
    return reinterpret_cast<OpenSession *>(symbol);
}

void check(const Options &options) {
    if (options.threads < 0) {
        throw Error(ErrorCode::argument, "threads is " + std::to_string(options.threads) +
                                             "; use 1 or more, or 0 for the engine's choice.");
    }
    if (options.backend < Backend::automatic || options.backend > Backend::aotinductor) {
        throw Error(ErrorCode::argument, "backend " +
                                             std::to_string(static_cast<int>(options.backend)) +
                                             " is unknown; use one of sezm::Backend.");
    }
    const std::string &device = options.device;
    const bool numbered = device.compare(0, 5, "cuda:") == 0 && device.size() > 5 &&
                          device.size() < 9 &&
                          device.find_first_not_of("0123456789", 5) == std::string::npos;
    if (device != "cpu" && device != "cuda" && !numbered) {
        throw Error(ErrorCode::argument,
                    "device '" + device + "' is unknown; use 'cpu', 'cuda' or 'cuda:N'.");
    }
}

}  // namespace

std::unique_ptr<Session> open_session(const std::string &path, const Options &options) {
    check(options);
    const Backend found = sniff(path);
    const Engine engine = engine_of(found);
    if (options.backend != Backend::automatic && options.backend != found) {
        throw Error(ErrorCode::argument, path + ": a file for " + engine.name + ", and " +
                                             engine_of(options.backend).name +
                                             " was asked for; export it to that format.");
    }
    return std::unique_ptr<Session>(load(engine, path)(path, options));
}

}  // namespace sezm
