#include "extxyz_header.hpp"

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// What ends a text that starts with this character; 0: a blank.
char closing(char first) {
    if (first == '"' || first == '\'') return first;
    return first == '{' ? '}' : first == '[' ? ']' : '\0';
}

/// The word, or the text in quotes or brackets, at `at`, which moves behind it.
std::string take_text(const std::string &line, std::size_t &at, bool stop_at_equals) {
    std::string text;
    if (at < line.size() && closing(line[at]) != 0) {
        const char end = closing(line[at++]);
        for (; at < line.size() && line[at] != end; ++at) {
            if (line[at] == '\\' && at + 1 < line.size()) ++at;
            text += line[at];
        }
        ++at;
        return text;
    }
    while (at < line.size() && !is_blank(line[at]) && !(stop_at_equals && line[at] == '=')) {
        text += line[at++];
    }
    return text;
}

}  // namespace

Header parse_header(const std::string &line) {
    Header header;
    for (std::size_t at = 0;;) {
        while (at < line.size() && is_blank(line[at])) ++at;
        if (at >= line.size()) return header;
        const std::string key = take_text(line, at, true);
        const bool has_value = at < line.size() && line[at] == '=';
        if (has_value) ++at;
        header.emplace_back(key, has_value ? take_text(line, at, false) : "T");
    }
}

std::string format_header(const Header &header) {
    std::string line;
    for (const auto &[key, value] : header) {
        const bool quoted = value.empty() || value.find_first_of(" \t=\"'") != std::string::npos;
        std::string text;
        for (const char c : value)
            text += (c == '"' || c == '\\') && quoted ? std::string("\\") + c : std::string(1, c);
        line += (line.empty() ? "" : " ") + key + "=" + (quoted ? '"' + text + '"' : text);
    }
    return line;
}
