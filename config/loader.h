// load(): puts the configuration together from kvd.toml, the KVD_* environment and the command
// line, each beating the one before, and checks it (check_config.h). Called once by kvd's main.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "kv/result.h"

namespace kv::config {

/// What the command line asked for.
struct CommandLine {
    enum class Action : uint8_t { kRun, kCheckConfig, kPrintConfig, kVersion, kHelp };
    Action action = Action::kRun;
    std::string help_text;    ///< Of kHelp: ready to print.
    std::string config_file;  ///< Empty: none given.
    /// Key and text, with the flag as the user wrote it.
    struct Setting {
        std::string key;
        std::string text;
        std::string flag;
    };
    std::vector<Setting> settings;
};

/// kInvalidArgument on unknown flags and missing values. Keys and texts are not checked yet.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);

/// Names and values, as from environ.
using Environment = std::vector<std::pair<std::string, std::string>>;
Environment process_environment();

struct LoadedConfig {
    Config config;
    /// By key: "default", "FILE:LINE", "environment KVD_X" or "flag --x".
    std::map<std::string, std::string, std::less<>> sources;
};

/// kInvalidArgument with one line an error, naming file, line, column and the nearest valid key;
/// kNotFound/kIoError when the file cannot be read.
Result<LoadedConfig> load(const CommandLine& command_line, const Environment& environment);

/// The same for a file's text alone; `file` is for messages.
Status apply_toml(std::string_view text, const std::string& file, LoadedConfig& loaded);

/// `key = value  # source`, valid TOML, in the order of the sample.
std::string print_config(const LoadedConfig& loaded);

}  // namespace kv::config
