/// Files made for one test.
#pragma once

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// A file with some content, removed at the end of the test.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string &content) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    ~TemporaryFile() { std::remove(path_.c_str()); }

    const std::string &path() const { return path_; }

  private:
    std::string path_ = (std::filesystem::temp_directory_path() / "sezm_test_file").string();
};

inline std::string content_of(const std::string &path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
