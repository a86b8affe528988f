/// The comment line of extended XYZ: KEY=VALUE pairs, values with blanks in double quotes.
#pragma once

#include <string>
#include <utility>
#include <vector>

using Header = std::vector<std::pair<std::string, std::string>>;

/// Keys and values, quotes taken off; a key alone has the value "T".
Header parse_header(const std::string &line);

/// The line back; values get quotes where they need them.
std::string format_header(const Header &header);
