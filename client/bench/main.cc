// kvbench: a load generator for a running kvd, or for another server that speaks RESP.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <string>

#include "bench/loader.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/run.h"

namespace kv::bench {

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set by a signal handler");

int fail(const Status& status, const Workload& workload) {
    std::fprintf(stderr, "error: %s\n", status.to_string().c_str());
    if (status.is(Code::kInvalidArgument) || status.is(Code::kUnsupported)) return 2;
    if (!status.is(Code::kUnavailable) && !status.is(Code::kDeadline)) return 1;
    const bool resp = workload.protocol == Protocol::kResp;
    std::fprintf(stderr, "Does a server speak %s at %s? -a ADDR:PORT names another one.\n",
                 resp ? "RESP" : "kvd's protocol", workload.address.c_str());
    return 3;
}

int run(int argc, char** argv) {
    Options options;
    if (const auto code = parse_options(argc, argv, options)) return *code;
    const Workload& workload = options.workload;
    std::signal(SIGINT, [](int) { interrupted = true; });
    if (options.load) {
        const Status status = load_keys(workload, interrupted);
        if (!status.is_ok()) return fail(status, workload);
    }
    Run bench(workload, interrupted);
    const Status status = bench.start();
    if (!status.is_ok()) return fail(status, workload);
    bench.wait();
    Status first_error;
    const Measurement measured = bench.result(first_error);
    const std::string report = options.json ? json_report(workload, measured, first_error) + "\n"
                                            : text_report(workload, measured);
    std::fputs(report.c_str(), stdout);
    if (measured.error_count() == 0) return 0;
    std::fprintf(stderr, "first error: %s\n", first_error.to_string().c_str());
    return 1;
}

}  // namespace

}  // namespace kv::bench

int main(int argc, char** argv) { return kv::bench::run(argc, argv); }
