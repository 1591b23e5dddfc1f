// kvd: the daemon. Reads the configuration, opens the store, serves it, and stops cleanly.
// Exit codes: 0 ok, 1 runtime failure, 2 bad usage or configuration, 3 data directory refused.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/loader.h"
#include "kv/db.h"
#include "server/address_file.h"
#include "server/batch_limit.h"
#include "server/bound_socket.h"
#include "server/data_directory.h"
#include "server/descriptor_limit.h"
#include "server/last_words.h"
#include "server/log.h"
#include "server/notify.h"
#include "server/server.h"
#include "server/shared_state.h"
#include "server/signals.h"

namespace kv::server {
namespace {

enum ExitCode : int { kExitOk = 0, kExitRuntime = 1, kExitUsage = 2, kExitDataRefused = 3 };

/// Of a failure to serve a store that was opened.
int exit_code_of(const Status& status) {
    switch (status.code()) {
        case Code::kOk:
            return kExitOk;
        case Code::kInvalidArgument:
            return kExitUsage;
        case Code::kLocked:
        case Code::kCorruption:
        case Code::kUnsupported:
            return kExitDataRefused;
        default:
            return kExitRuntime;
    }
}

/// A service manager that starts kvd again and again must stop where only a person can help.
int exit_code_of_open(const Status& status) {
    if (status.is(Code::kInvalidArgument)) return kExitUsage;
    return may_pass(status) ? kExitRuntime : kExitDataRefused;
}

Options store_options(const config::Config& config) {
    Options options = config.engine;
    options.max_batch_bytes = largest_write_bytes(config.engine);
    options.log = [](LogLevel level, std::string_view line) { log_line(level, line); };
    return options;
}

/// As many clients as leave the store its descriptors: without one it can begin no log segment, and
/// refuses every write.
config::Config fit_connections(config::Config config, uint64_t descriptors, size_t network_threads,
                               Db& db) {
    const uint64_t reserve =
        reserved_descriptors(descriptors, network_threads + config.read_threads, db.stats());
    const uint64_t most = connections_beside(reserve, descriptors);
    if (config.limits.connections <= most) return config;
    log_warning("limits.connections: " + std::to_string(config.limits.connections) +
                " clients are more than the process has file descriptors for: it may open " +
                std::to_string(descriptors) + ", and keeps " + std::to_string(reserve) +
                " for the store; at most " + std::to_string(most) +
                " clients are let in; allow more open files (LimitNOFILE of the unit, ulimit -n), "
                "or lower limits.connections");
    config.limits.connections = most;
    return config;
}

void notify(const ServiceNotifier& notifier, std::string_view lines) {
    const Status status = notifier.send(lines);
    if (!status.is_ok()) log_warning("sd_notify: " + status.to_string());
}

/// Serves until a signal or a client asks to stop, and drains.
int serve(const config::Config& config, Server& server, SignalWatcher& signals,
          const ServiceNotifier& notifier) {
    const AddressFile addresses(config.data_dir);
    const std::string native = server.native_address();
    const std::string resp = server.resp_address();
    const Status published =
        addresses.publish("native=" + native + "\n" + (resp.empty() ? "" : "resp=" + resp + "\n"));
    if (!published.is_ok()) {
        log_error(published.to_string());
        server.drain();
        return kExitRuntime;
    }
    signals.serving_begins();
    log_info("ready: native protocol on " + native +
             (resp.empty() ? "" : ", Redis protocol on " + resp) + ", " +
             std::to_string(server.network_threads()) + " network threads");
    notify(notifier,
           "READY=1\nSTATUS=serving on " + native + "\nMAINPID=" + std::to_string(getpid()) + "\n");

    const int signal = signals.wait_for_stop();
    const std::string cause =
        signal == 0 ? "a client asked for it" : "signal " + std::to_string(signal);
    log_info("stopping: " + cause + ", finishing outstanding requests");
    notify(notifier, "STOPPING=1\nSTATUS=finishing outstanding requests\n");
    const Status removed = addresses.remove();
    if (!removed.is_ok()) log_warning(removed.to_string());
    if (!server.drain()) {
        log_warning("stopping: requests were left unanswered after limits.drain_timeout");
    }
    return kExitOk;
}

int run_daemon(const config::Config& given) {
    // First of all: threads started later, the log's too, inherit its blocked signals.
    SignalWatcher signals;
    const uint64_t descriptors = raise_descriptor_limit();
    const Status log_status = start_log(given);
    if (!log_status.is_ok()) {
        std::fprintf(stderr, "kvd: %s\n", std::string(log_status.message()).c_str());
        return may_pass(log_status) ? kExitRuntime : kExitUsage;
    }
    const char* const notify_socket = std::getenv("NOTIFY_SOCKET");
    const ServiceNotifier notifier(notify_socket == nullptr ? "" : notify_socket);
    log_info("kvd " + std::string(server_version()) + " starting, pid " + std::to_string(getpid()) +
             ", data in " + given.data_dir);
    notify(notifier, "STATUS=opening " + given.data_dir + "\n");

    if (const Status usable = check_data_directory(given.data_dir); !usable.is_ok()) {
        log_error("data directory refused: " + std::string(usable.message()));
        return kExitDataRefused;
    }
    // Before the store, whose recovery may take long: a port in use is known at once.
    auto sockets = BoundSockets::open(given);
    if (!sockets.is_ok()) {
        log_error("cannot serve: " + sockets.error().to_string());
        return kExitRuntime;
    }
    auto db = Db::open(store_options(given), given.data_dir);
    if (!db.is_ok()) {
        log_error("cannot open " + given.data_dir + ": " + db.error().to_string() +
                  advice_for(db.error()));
        return exit_code_of_open(db.error());
    }
    const AddressFile stale(given.data_dir);
    if (const Status removed = stale.remove(); !removed.is_ok()) {
        log_warning(removed.to_string());
    }
    const config::Config config =
        fit_connections(given, descriptors, Server::network_threads_of(given), **db);
    auto server = Server::start(config, *std::move(sockets), **db);
    if (!server.is_ok()) {
        log_error("cannot serve: " + server.error().to_string());
        return exit_code_of(server.error());
    }
    (*server)->shared().stop_target = &signals;
    const int code = serve(config, **server, signals, notifier);
    // The store before the server: its threads call into it until they are joined.
    db->reset();
    server->reset();
    log_info("stopped");
    return code;
}

int run(int argc, const char* const* argv) {
    using Action = config::CommandLine::Action;
    const auto usage_error = [](const Status& status) {
        std::fprintf(stderr, "kvd: %s\n", std::string(status.message()).c_str());
        return kExitUsage;
    };
    auto command_line = config::parse_command_line(argc, argv);
    if (!command_line.is_ok()) return usage_error(command_line.error());
    if (command_line->action == Action::kHelp) {
        std::fputs(command_line->help_text.c_str(), stdout);
        return kExitOk;
    }
    if (command_line->action == Action::kVersion) {
        std::printf("kvd %s\n", std::string(server_version()).c_str());
        return kExitOk;
    }
    auto loaded = config::load(*command_line, config::process_environment());
    if (!loaded.is_ok()) return usage_error(loaded.error());
    if (command_line->action == Action::kPrintConfig) {
        std::fputs(config::print_config(*loaded).c_str(), stdout);
        return kExitOk;
    }
    // check_config() says it in the words of the file; whatever it does not know of is said here.
    const Status options = validate_options(store_options(loaded->config));
    if (!options.is_ok()) return usage_error(options);
    if (command_line->action == Action::kCheckConfig) {
        std::puts("kvd: the configuration is good");
        return kExitOk;
    }
    const int code = run_daemon(loaded->config);
    stop_log();
    return code;
}

}  // namespace
}  // namespace kv::server

int main(int argc, char** argv) {
    kv::server::say_last_words_on_terminate();
    return kv::server::run(argc, argv);
}
