#include "structure.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <sstream>

const std::string *Structure::find_info(const std::string &key) const {
    for (const auto &[name, value] : info) {
        if (name == key) return &value;
    }
    return nullptr;
}

void Structure::set_info(const std::string &key, const std::string &value) {
    for (auto &entry : info) {
        if (entry.first == key) {
            entry.second = value;
            return;
        }
    }
    info.emplace_back(key, value);
}

const Column *Structure::find_column(const std::string &name) const {
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const Column &column) { return column.name == name; });
    return found == columns.end() ? nullptr : &*found;
}

void Structure::set_column(const std::string &name, std::size_t width, const double *values) {
    auto found = std::find_if(columns.begin(), columns.end(),
                              [&](const Column &column) { return column.name == name; });
    if (found == columns.end()) found = columns.insert(columns.end(), Column{});
    *found = {name, 'R', width, {}};
    for (std::size_t i = 0; i < width * atom_count(); ++i) {
        found->text.push_back(number_text(values[i]));
    }
}

void Structure::drop(const std::vector<std::string> &names) {
    const auto named = [&](const std::string &name) {
        return std::find(names.begin(), names.end(), name) != names.end();
    };
    info.erase(std::remove_if(info.begin(), info.end(),
                              [&](const auto &entry) { return named(entry.first); }),
               info.end());
    columns.erase(std::remove_if(columns.begin(), columns.end(),
                                 [&](const Column &column) { return named(column.name); }),
                  columns.end());
}

double Structure::volume() const {
    const auto &[a, b, c] = cell;
    return std::abs(a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                    a[2] * (b[0] * c[1] - b[1] * c[0]));
}

std::vector<double> parse_numbers(const std::string &text, const std::string &what) {
    std::vector<double> numbers;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        char *end = nullptr;
        numbers.push_back(std::strtod(word.c_str(), &end));
        if (*end != '\0') {
            throw sezm::Error(sezm::ErrorCode::structure,
                              what + ": '" + word + "' is not a number.");
        }
    }
    return numbers;
}

std::string number_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}
