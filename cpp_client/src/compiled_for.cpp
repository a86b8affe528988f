#include "compiled_for.hpp"

#include <sys/utsname.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sezm/sezm.hpp"

namespace sezm {
namespace {

/// Of the first CPU, as Linux lists them; none elsewhere.
std::set<std::string> cpu_features() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.compare(0, 5, "flags") != 0 && line.compare(0, 8, "Features") != 0) continue;
        std::istringstream words(line.substr(line.find(':') + 1));
        std::set<std::string> names;
        for (std::string word; words >> word;) names.insert(word);
        return names;
    }
    return {};
}

/// One property of both machines; "" if they agree in it.
std::string differs(const std::string &what, const std::string &wanted, const std::string &here) {
    if (wanted == here) return "";
    return "it was compiled for " + what + wanted + ", and here is " + what + here;
}

std::string difference(const nlohmann::json &wanted, const std::string &torch,
                       const std::string &device) {
    utsname here{};
    uname(&here);
    const auto text = [&](const char *key) { return wanted.at(key).get<std::string>(); };
    for (const std::string &found :
         {differs("torch ", text("torch"), torch), differs("", text("system"), here.sysname),
          differs("", text("machine"), here.machine), differs("device ", text("device"), device)}) {
        if (!found.empty()) return found;
    }
    const std::set<std::string> features = cpu_features();
    std::string missing;
    for (const auto &name : wanted.at("cpu_features")) {
        if (features.count(name.get<std::string>()) == 0) missing += " " + name.get<std::string>();
    }
    if (missing.empty()) return "";
    return "it was compiled for a CPU with" + missing + ", which this one lacks";
}

}  // namespace

std::string obstacle(const std::string &metadata_json, const std::string &path,
                     const std::string &torch, const std::string &device) {
    try {
        const nlohmann::json wanted = nlohmann::json::parse(metadata_json).at("compiled_for");
        const std::string found = difference(wanted, torch, device);
        if (found.empty()) return "";
        return path + ": " + found + "; use its portable file " +
               wanted.at("portable_file").get<std::string>() + ", or export it here.";
    } catch (const nlohmann::json::exception &) {
        throw Error(ErrorCode::file, path +
                                         ": its metadata does not say what the file was compiled "
                                         "for; export it again.");
    }
}

}  // namespace sezm
