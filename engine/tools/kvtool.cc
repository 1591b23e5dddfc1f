// The command line of kvtool: see kvtool.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/kvtool.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "tools/bench.h"
#include "tools/bench_command.h"
#include "tools/bench_kvd.h"
#include "tools/dump.h"
#include "tools/repair.h"
#include "tools/stat.h"
#include "tools/verify.h"

namespace kv::tools {

namespace {

struct Arguments {
    std::string path;
    std::string out;
    DumpOptions dump;
    bool json = false;
    bool quiet = false;
    BenchOptions bench;
};

int exit_code_of(const Status& status) {
    switch (status.code()) {
        case Code::kOk:
            return kExitOk;
        case Code::kInvalidArgument:
            return kExitUsage;
        default:
            return kExitDamage;
    }
}

/// For commands on a directory, which have a code of their own for "not one of ours".
int directory_exit_code(const Status& status) {
    const bool refused = status.is(Code::kInvalidArgument) || status.is(Code::kUnsupported);
    return refused ? kExitNotDataDirectory : exit_code_of(status);
}

CLI::App* add_dump(CLI::App& app, const char* name, const char* description, const char* unit,
                   Arguments& arguments) {
    CLI::App* command = app.add_subcommand(name, description);
    command->add_option("FILE", arguments.path, "The file to read")->required();
    command->add_flag("--json", arguments.json, "One JSON object a line");
    command->add_option("--limit", arguments.dump.limit,
                        std::string("Stop after so many ") + unit + " (0: all)");
    return command;
}

void add_dumps(CLI::App& app, Arguments& arguments) {
    DumpOptions& dump = arguments.dump;
    CLI::App* wal =
        add_dump(app, "wal", "Print a log segment, record by record", "records", arguments);
    wal->add_flag("--headers", dump.headers_only, "Leave out the mutations of each record");
    wal->add_option("--value-limit", dump.value_limit, "Bytes of a value to print (0: all)");
    CLI::App* sst =
        add_dump(app, "sst", "Print a table, one `key -> value` a line", "entries", arguments);
    sst->add_flag("--seqnos", dump.seqnos, "Print keys as key@seqno");
    sst->add_option("--value-limit", dump.value_limit, "Bytes of a value to print (0: all)");
    sst->add_flag("--properties", dump.properties, "Print the table's properties instead");
    sst->add_flag("--blocks", dump.blocks, "Print the table's blocks instead, and check them");
    add_dump(app, "manifest", "Print a MANIFEST, edit by edit", "edits", arguments);
}

void add_directory_commands(CLI::App& app, Arguments& arguments) {
    CLI::App* stat = app.add_subcommand("stat", "Sum up what a data directory holds");
    CLI::App* verify = app.add_subcommand(
        "verify", "Check every file of a data directory; exit 1 if anything is damaged");
    for (CLI::App* command : {stat, verify}) {
        command->add_option("DIR", arguments.path, "The data directory")->required();
        command->add_flag("--json", arguments.json, "One JSON object");
    }
    CLI::App* repair = app.add_subcommand(
        "repair", "Save what can be saved into a new directory; exit 1 if anything is lost");
    repair->add_option("DIR", arguments.path, "The damaged data directory, which is only read")
        ->required();
    repair->add_option("--out", arguments.out, "The new directory: missing or empty")->required();
    repair->add_flag("--json", arguments.json, "One JSON object");
    for (CLI::App* command : {verify, repair}) {
        command->add_flag("-q,--quiet", arguments.quiet, "No progress on the terminal");
    }
}

int report(const Status& status, int code, std::ostream& err) {
    if (!status.is_ok()) err << "kvtool: " << status.to_string() << "\n";
    return code;
}

VerifyProgress progress_on(std::ostream& err, bool shown) {
    if (!shown) return {};
    return [&err](const std::string& file, uint64_t done, uint64_t total) {
        const uint64_t percent = total == 0 ? 100 : std::min<uint64_t>(done * 100 / total, 100);
        err << "\r\033[K" << percent << " % " << file << std::flush;
    };
}

int run_repair(FileSystem& fs, const Arguments& arguments, bool show_progress, std::ostream& out,
               std::ostream& err) {
    Status status = check_repair_output(fs, arguments.path, arguments.out);
    if (!status.is_ok()) return report(status, exit_code_of(status), err);
    const VerifyProgress progress = progress_on(err, show_progress && !arguments.quiet);
    const auto result = repair_directory(fs, arguments.path, arguments.out, progress);
    if (progress) err << "\r\033[K" << std::flush;
    if (!result) return report(result.error(), directory_exit_code(result.error()), err);
    print_repair(*result, arguments.path, arguments.out, arguments.json, out);
    return result->all_saved() ? kExitOk : kExitDamage;
}

int run_verify(FileSystem& fs, const Arguments& arguments, bool show_progress, std::ostream& out,
               std::ostream& err) {
    const VerifyProgress progress = progress_on(err, show_progress && !arguments.quiet);
    const auto result = verify_directory(fs, arguments.path, progress);
    if (progress) err << "\r\033[K" << std::flush;
    if (!result) return report(result.error(), directory_exit_code(result.error()), err);
    print_report(*result, arguments.path, arguments.json, out);
    return result->is_clean() ? kExitOk : kExitDamage;
}

int run_command(FileSystem& fs, const std::string& name, Arguments& arguments, bool show_progress,
                std::ostream& out, std::ostream& err) {
    arguments.dump.json = arguments.json;
    if (name == "verify") return run_verify(fs, arguments, show_progress, out, err);
    if (name == "repair") return run_repair(fs, arguments, show_progress, out, err);
    if (name == "stat") {
        const Status status = stat_directory(fs, arguments.path, arguments.json, out);
        return report(status, directory_exit_code(status), err);
    }
    Status status;
    if (name == "wal") status = dump_wal(fs, arguments.path, arguments.dump, out);
    if (name == "sst") status = dump_sst(fs, arguments.path, arguments.dump, out);
    if (name == "manifest") status = dump_manifest(fs, arguments.path, arguments.dump, out);
    if (name == "bench") {
        status = run_bench(arguments.bench, *new_kvd_bench_engine(err), out, err);
    }
    return report(status, exit_code_of(status), err);
}

}  // namespace

int run_kvtool(FileSystem& fs, std::vector<std::string> arguments, bool show_progress,
               std::ostream& out, std::ostream& err) {
    CLI::App app("Offline work on a kvd data directory", "kvtool");
    app.require_subcommand(1);
    app.set_version_flag("--version", "kvtool " KV_VERSION);
    app.footer(
        "exit codes: 0 all is well, 1 damage was found, or something is lost or cannot be read,\n"
        "2 usage, 3 not a data directory, or one of a newer format");
    Arguments parsed;
    add_dumps(app, parsed);
    add_directory_commands(app, parsed);
    add_bench_options(*app.add_subcommand("bench",
                                          "Measure the embedded engine as db_bench "
                                          "measures RocksDB"),
                      parsed.bench);
    try {
        std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
        app.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
        return app.exit(error, out, err) == 0 ? kExitOk : kExitUsage;
    }
    const int code =
        run_command(fs, app.get_subcommands().front()->get_name(), parsed, show_progress, out, err);
    out.flush();
    if (!out) {
        err << "kvtool: cannot write to standard output\n";
        return kExitDamage;
    }
    return code;
}

}  // namespace kv::tools
