#include "sezm/sezm.hpp"

namespace sezm {

Error::Error(ErrorCode code, const std::string &message)
    : std::runtime_error(message), code_(code) {}

Error::~Error() = default;  // here, so that its type is one across shared libraries

const char *version() noexcept { return SEZM_VERSION; }

}  // namespace sezm
