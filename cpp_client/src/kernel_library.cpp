#include "kernel_library.hpp"

#include <dlfcn.h>

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
        return named;
    }
    Dl_info here{};
    if (dladdr(reinterpret_cast<void *>(&kernel_library), &here) == 0) return "";
    const auto path = std::filesystem::path(here.dli_fname).parent_path() / "libsezm_kernels.so";
    return std::filesystem::is_regular_file(path, unreadable) ? path.string() : "";
}

}  // namespace sezm
