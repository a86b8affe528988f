/// Index of the device in "cuda" or "cuda:N"; -1 for "cpu". The text was checked when it came in.
#pragma once

#include <string>

namespace sezm {

inline int cuda_index(const std::string &device) {
    if (device == "cpu") return -1;
    return device.size() > 5 ? std::stoi(device.substr(5)) : 0;
}

}  // namespace sezm
