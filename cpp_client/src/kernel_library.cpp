#include "kernel_library.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sezm/sezm.hpp"

namespace sezm {

std::string kernel_library() {
    std::error_code unreadable;
    if (const char *named = std::getenv("SEZM_KERNELS"); named != nullptr && *named != '\0') {
        if (std::string(named) == "off") return "";
        if (!std::filesystem::is_regular_file(named, unreadable)) {
            throw Error(ErrorCode::backend, std::string("SEZM_KERNELS names '") + named +
                                                "', which is not a file; give the path of "
                                                "libsezm_kernels.so, or 'off' for none.");
        }
        return std::filesystem::absolute(named).string();
    }
    Dl_info here{};
    if (dladdr(reinterpret_cast<void *>(&kernel_library), &here) == 0) return "";
    const auto path = std::filesystem::path(here.dli_fname).parent_path() / "libsezm_kernels.so";
    return std::filesystem::is_regular_file(path, unreadable) ? path.string() : "";
}

bool computes_messages(const std::string &library, const std::vector<std::string> &functions) {
    void *loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (loaded == nullptr) return false;
    using Ask = int(const char *);
    const auto ask = reinterpret_cast<Ask *>(dlsym(loaded, "sezm_computes_messages"));
    const bool found = ask != nullptr && std::any_of(functions.begin(), functions.end(),
                                                     [=](const std::string &function) {
                                                         return ask(function.c_str()) != 0;
                                                     });
    dlclose(loaded);
    return found;
}

}  // namespace sezm
