/// The command line of sezm_run.
#pragma once

#include <string>

#include "sezm/sezm.hpp"

struct Arguments {
    std::string model, input, output;
    sezm::Options options;
    long steps = -1;          ///< of dynamics; below 0: evaluate every frame instead
    double timestep = 0.5;    ///< fs
    double temperature = -1;  ///< K of drawn starting velocities; below 0: the file's, or none
    long every = 10;          ///< steps between written frames
    bool help = false;
};

/// Throws sezm::Error (argument).
Arguments parse_arguments(int argc, char **argv);

/// What --help prints.
extern const char *const usage;
