/// check_records < RECORDS: of every line, "ok" or why it is no record of a file.
#include <cstdio>
#include <iostream>
#include <string>

#include "metadata.hpp"

int main() {
    for (std::string line; std::getline(std::cin, line);) {
        try {
            sezm::parse_metadata(line, "FILE");
            std::puts("ok");
        } catch (const sezm::Error &error) {
            std::puts(error.what());
        }
    }
}
