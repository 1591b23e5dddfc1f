// A directory of the real file system that disappears with its object, for the few tests that need
// the operating system's files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace kv::test {

class TempDir {
  public:
    /// Below $TMPDIR, or /tmp. Throws when that is not writable: no test can go on without it.
    TempDir() {
        std::string pattern = (std::filesystem::temp_directory_path() / "kvd-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("cannot make a temporary directory like " + pattern);
        }
        path_ = pattern;
    }
    ~TempDir() {
        std::error_code ignored;  // a leftover in /tmp must not fail a test that has passed
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const { return path_; }
    /// "PATH/NAME".
    std::string file(std::string_view name) const { return path_ + '/' + std::string(name); }

  private:
    std::string path_;
};

}  // namespace kv::test
