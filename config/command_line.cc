// The flags of kvd, by CLI11, whose exceptions end here.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>

#include "config/loader.h"

namespace kv::config {
namespace {

constexpr const char* kFooter =
    "Flags beat KVD_* environment variables, which beat the file. Without --config, KVD_CONFIG "
    "names "
    "the file.\n"
    "Every key of kvd.toml can be given as --set KEY=VALUE or as KVD_SECTION_KEY; --print-config "
    "lists them all.\n"
    "Exit codes: 0 ok, 1 runtime failure, 2 bad usage or configuration, 3 data directory refused.";

struct Flags {
    std::string data_dir, listen, resp_listen, admin_listen;
    std::vector<std::string> set;
    bool allow_public_bind = false, check = false, print = false, version = false;
};

Status collect(const CLI::App& app, const Flags& flags, CommandLine& result) {
    const auto add = [&](const char* flag, const char* key, const std::string& text) {
        if (app.count(flag) != 0) result.settings.push_back({key, text, flag});
    };
    for (const std::string& pair : flags.set) {
        const size_t equals = pair.find('=');
        if (equals == std::string::npos) {
            return Status::invalid_argument("--set " + pair + ": write --set KEY=VALUE");
        }
        result.settings.push_back(
            {pair.substr(0, equals), pair.substr(equals + 1), "--set " + pair.substr(0, equals)});
    }
    add("--data-dir", "data_dir", flags.data_dir);
    add("--listen", "listen", flags.listen);
    add("--resp-listen", "resp_listen", flags.resp_listen);
    add("--admin-listen", "admin_listen", flags.admin_listen);
    add("--allow-public-bind", "allow_public_bind", "true");
    if (flags.check) result.action = CommandLine::Action::kCheckConfig;
    if (flags.print) result.action = CommandLine::Action::kPrintConfig;
    if (flags.version) result.action = CommandLine::Action::kVersion;
    return Status::ok();
}

}  // namespace

Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
    CommandLine result;
    Flags flags;
    CLI::App app("kvd, a durable key-value server", "kvd");
    app.footer(kFooter);
    app.set_help_flag("-h,--help", "Show this text");
    app.add_option("--config", result.config_file, "Configuration file (TOML)")->type_name("FILE");
    app.add_option("--data-dir", flags.data_dir, "Directory of the store [./kvd-data]")
        ->type_name("DIR");
    app.add_option("--listen", flags.listen, "Native protocol [127.0.0.1:7480]; port 0: a free one")
        ->type_name("ADDR:PORT");
    app.add_option("--resp-listen", flags.resp_listen,
                   "Redis protocol [127.0.0.1:7481]; port 0: a free one")
        ->type_name("ADDR:PORT|off");
    app.add_option("--admin-listen", flags.admin_listen, "Admin HTTP [off]; off in this version")
        ->type_name("ADDR:PORT|off");
    app.add_flag("--allow-public-bind", flags.allow_public_bind,
                 "Allow addresses that other machines can reach: there is no authentication yet");
    app.add_option("--set", flags.set, "Any key of kvd.toml; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    app.add_flag("--check-config", flags.check, "Check the configuration and exit");
    app.add_flag("--print-config", flags.print, "Print every setting and where it came from");
    app.add_flag("--version", flags.version, "Print the version and exit");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        result.action = CommandLine::Action::kHelp;
        result.help_text = app.help();
        return result;
    } catch (const CLI::ParseError& error) {
        return Status::invalid_argument(std::string(error.what()) + "; kvd --help lists the flags");
    }
    KV_RETURN_IF_ERROR(collect(app, flags, result));
    return result;
}

}  // namespace kv::config
