// kvcli: one command, a script on standard input, or a session.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "cli/repl.h"
#include "cli/runner.h"
#include "cli/version.h"

namespace kv::cli {

namespace {

struct ProgramOptions {
    ClientOptions client;
    Format format = Format::kText;
    std::vector<std::string> command;
};

// The exit code when the program should end here, as for --help.
std::optional<int> parse_program(int argc, char** argv, ProgramOptions& options) {
    CLI::App app(
        "kvcli: talk to a kvd server. Without a command: a session, or the commands on\n"
        "standard input. `kvcli help` explains the commands.");
    app.prefix_command();
    app.set_version_flag("--version", "kvcli " + std::string(kVersion));
    std::string timeout = "5s";
    bool raw = false;
    bool hex = false;
    bool json = false;
    app.add_option("-a,--address", options.client.address, "HOST:PORT of the server")
        ->envname("KVCLI_ADDRESS")
        ->capture_default_str();
    app.add_option("-n,--keyspace", options.client.keyspace, "keyspace that all keys are in")
        ->envname("KVCLI_KEYSPACE");
    app.add_flag("--create-keyspace", options.client.create_keyspace, "make it if need be");
    app.add_option("--timeout", timeout, "how long to wait for each answer")->capture_default_str();
    app.add_flag("--raw", raw, "arguments and output are bytes as they are, without \\xHH");
    app.add_flag("--hex", hex, "show keys and values as hex");
    app.add_flag("--json", json, "show results as JSON");
    app.footer(
        "exit codes: 0 ok, 1 error of the server or of a file, 2 usage, 3 cannot connect,\n"
        "4 timeout or outcome in doubt, 5 not found");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
    }
    const auto timeout_ms = parse_duration_ms(timeout);
    if (!timeout_ms.is_ok()) {
        print_error(timeout_ms.error().with_context("--timeout"), false);
        return static_cast<int>(ExitCode::kUsage);
    }
    options.client.client_name = "kvcli";
    options.client.operation_timeout_ms =
        static_cast<uint32_t>(std::min<uint64_t>(*timeout_ms, UINT32_MAX));
    options.client.connect_timeout_ms = options.client.operation_timeout_ms;
    options.format = json ? Format::kJson : hex ? Format::kHex : raw ? Format::kRaw : Format::kText;
    options.command = app.remaining();
    return std::nullopt;
}

int run(int argc, char** argv) {
    ProgramOptions options;
    if (const auto code = parse_program(argc, argv, options)) return *code;
    Output out(stdout);
    Interrupt interrupt;
    Context context{options.client, out, interrupt, nullptr, !options.command.empty(), {}};
    Runner runner(context, options.format);
    ExitCode code = ExitCode::kOk;
    if (!options.command.empty()) {
        context.read_line = [](const char*) { return read_input_line(); };
        code = runner.run_arguments(options.command);
    } else if (::isatty(STDIN_FILENO) != 0) {
        code = run_session(context, runner);
    } else {
        code = run_script(context, runner);
    }
    return static_cast<int>(code);
}

}  // namespace

}  // namespace kv::cli

int main(int argc, char** argv) { return kv::cli::run(argc, argv); }
