// kvtool bench on a real directory: every benchmark runs and reports what it did. Speed is not
// looked at.
// SPDX-License-Identifier: Apache-2.0
#include "tools/bench.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "kv/file_system.h"
#include "support/temp_dir.h"
#include "tools/bench_kvd.h"

namespace kv::tools {
namespace {

BenchOptions small_options(const std::string& dir) {
    BenchOptions options;
    options.db = dir + "/store";
    options.num = 2000;
    options.seed = 7;
    options.threads = 2;
    options.write_buffer_size = 1 << 20;
    return options;
}

std::string run(const BenchOptions& options) {
    std::ostringstream out, err;
    const Status status = run_bench(options, *new_kvd_bench_engine(err), out, err);
    CAPTURE(out.str(), err.str());
    CHECK(status.to_string() == "ok");
    return out.str();
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("bench: every benchmark runs and counts its operations") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.histogram = true;
    options.benchmarks =
        "fillseq,overwrite,readrandom,readmissing,readseq,readreverse,seekrandom,"
        "readwhilewriting,flush,compact,stats,deleterandom,deleteseq,mixed,fillrandom";
    const std::string out = run(options);
    CHECK(has(out, "fillseq      : "));
    CHECK(has(out, "(4000 of 4000 found)"));
    CHECK(has(out, "(0 of 4000 found)"));
    CHECK(has(out, "readseq      : "));
    CHECK(has(out, " 4000 operations;"));
    CHECK(has(out, "Percentiles: P50: "));
    CHECK(has(out, " tables, "));
    CHECK(has(out, "mixed        : "));
    CHECK(has(out, "Microseconds per write:"));
    CHECK(has(out, "write amplification: "));
}

TEST_CASE("bench: multireadrandom asks for batch_size keys a call and counts each") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.benchmarks = "fillseq";
    run(options);
    options.use_existing_db = true;
    options.batch_size = 50;
    options.benchmarks = "multireadrandom";
    CHECK(has(run(options), "(4000 of 4000 found)"));
}

TEST_CASE("bench: zipfian keys ask for few keys often") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.threads = 1;
    options.key_dist = KeyDistribution::kZipfian;
    options.benchmarks = "fillrandom,readrandom";
    // 2000 draws reach far fewer keys than uniform ones would, and reads hit them.
    const std::string out = run(options);
    const size_t at = out.find(" of 2000 found)");
    REQUIRE(at != std::string::npos);
    const size_t open = out.rfind('(', at);
    CHECK(std::stoi(out.substr(open + 1, at - open - 1)) > 1500);
}

TEST_CASE("bench: latencies of each interval go to the report file") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.report_interval_seconds = 3600;
    options.report_file = dir.path() + "/report.csv";
    options.benchmarks = "fillseq,mixed";
    CHECK_FALSE(has(run(options), "Percentiles"));
    std::ifstream file(options.report_file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] + "\n" == interval_header());
    CHECK(has(lines[1], "fillseq,3600,write,4000,"));
    CHECK(has(lines[2], "mixed,3600,read,"));
    CHECK(has(lines[3], "mixed,3600,write,"));
    options.report_file = dir.path() + "/missing/report.csv";
    std::ostringstream out, err;
    CHECK(run_bench(options, *new_kvd_bench_engine(err), out, err).is(Code::kIoError));
}

TEST_CASE("bench: fillsync writes num keys from each thread, as db_bench does") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.benchmarks = "fillsync";
    CHECK(has(run(options), " " + std::to_string(options.num * options.threads) + " operations;"));
}

TEST_CASE("bench: reads and writes of a thread can be set apart from the number of keys") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.reads = 30;
    options.writes = 20;
    options.benchmarks = "fillrandom,readrandom";
    const std::string out = run(options);
    CHECK(has(out, " 40 operations;"));
    CHECK(has(out, " 60 operations;"));
}

TEST_CASE("bench: every benchmark draws its own keys") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.threads = 1;
    options.benchmarks = "fillrandom,readrandom";
    // 2000 draws of 2000 keys reach 63 % of them.
    CHECK_FALSE(has(run(options), "(2000 of 2000 found)"));
}

TEST_CASE("bench: an existing store is used, not emptied, when asked") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.benchmarks = "fillseq";
    run(options);
    options.use_existing_db = true;
    options.benchmarks = "readrandom";
    CHECK(has(run(options), "(4000 of 4000 found)"));
}

TEST_CASE("bench: a directory that no bench made is never emptied") {
    test::TempDir dir;
    const BenchOptions options = small_options(dir.path());
    REQUIRE(posix_file_system().create_dir(options.db).is_ok());
    std::ofstream(options.db + "/precious") << "data";
    std::ostringstream out, err;
    CHECK(run_bench(options, *new_kvd_bench_engine(err), out, err).is(Code::kInvalidArgument));
    CHECK(*posix_file_system().exists(options.db + "/precious"));
}

TEST_CASE("bench: a directory that a bench made counts no more once it was made anew") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.benchmarks = "fillseq";
    run(options);
    run(options);
    std::filesystem::remove_all(options.db);
    REQUIRE(posix_file_system().create_dir(options.db).is_ok());
    std::ofstream(options.db + "/precious") << "data";
    std::ostringstream out, err;
    CHECK(run_bench(options, *new_kvd_bench_engine(err), out, err).is(Code::kInvalidArgument));
    CHECK(*posix_file_system().exists(options.db + "/precious"));
}

TEST_CASE("bench: a store that is in use is never emptied") {
    test::TempDir dir;
    BenchOptions options = small_options(dir.path());
    options.benchmarks = "fillseq";
    run(options);
    const auto in_use = posix_file_system().lock(options.db + "/LOCK");
    REQUIRE(in_use.is_ok());
    std::ostringstream out, err;
    CHECK(run_bench(options, *new_kvd_bench_engine(err), out, err).is(Code::kLocked));
    CHECK(posix_file_system().list(options.db)->size() > 3);
}

TEST_CASE("bench: figures that make no sense are refused") {
    BenchOptions options;
    std::ostringstream out, err;
    const auto refused = [&] {
        return run_bench(options, *new_kvd_bench_engine(err), out, err).is(Code::kInvalidArgument);
    };
    options.num = 0;
    CHECK(refused());
    options.num = 1000;
    options.key_size = 1;
    CHECK(refused());
    options.key_size = 16;
    options.zipf_theta = 0;
    CHECK(refused());
    options.zipf_theta = 0.99;
    options.compression_type = "snappy";
    CHECK(refused());
    options.compression_type = "none";
    options.benchmarks = "fillseq,unheard-of";
    CHECK(refused());
}

}  // namespace kv::tools
