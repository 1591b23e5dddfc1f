// A path taken apart into directory and name, for tools that are given a file and need both.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "record/file_names.h"

namespace kv::tools {

struct PathParts {
    std::string dir;   ///< "." when the path has none.
    std::string name;  ///< After the last slash.
    FileName parsed;
};

inline PathParts split_path(const std::string& path) {
    const size_t slash = path.rfind('/');
    PathParts parts;
    parts.dir = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    parts.name = slash == std::string::npos ? path : path.substr(slash + 1);
    parts.parsed = parse_file_name(parts.name);
    return parts;
}

}  // namespace kv::tools
