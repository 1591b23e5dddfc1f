// config/loader.h: sources, their precedence, and the messages a person gets.
// SPDX-License-Identifier: Apache-2.0
#include "config/loader.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>

#include "config/key_table.h"

namespace kv::config {
namespace {

Result<CommandLine> parse(std::vector<const char*> args) {
    args.insert(args.begin(), "kvd");
    return parse_command_line(static_cast<int>(args.size()), args.data());
}

/// A file that lives as long as the object.
class TempFile {
  public:
    explicit TempFile(const std::string& text) {
        const int fd = mkstemp(path_.data());
        REQUIRE(fd >= 0);
        close(fd);
        std::ofstream(path_) << text;
    }
    ~TempFile() { std::remove(path_.c_str()); }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_ = "/tmp/kvd_config_XXXXXX";
};

std::string toml_error(const std::string& text) {
    LoadedConfig loaded;
    return std::string(apply_toml(text, "kvd.toml", loaded).message());
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("load: nothing given means the defaults") {
    auto loaded = load({}, {});
    REQUIRE(loaded.is_ok());
    CHECK(loaded->config.listen == "127.0.0.1:7480");
    CHECK(loaded->config.limits.connections == 10'000);
    CHECK(loaded->config.engine.memory_budget_bytes == 512ULL << 20);
    CHECK(loaded->sources.at("listen") == "default");
}

TEST_CASE("load: flags beat environment, environment beats the file") {
    const TempFile file(
        "listen = \"127.0.0.1:1\"\n[threads]\nread = 7\n[limits]\nconnections = 5\n");
    auto line = parse({"--config", file.path().c_str(), "--listen", "127.0.0.1:3"});
    REQUIRE(line.is_ok());
    auto loaded = load(*line, {{"KVD_LISTEN", "127.0.0.1:2"}, {"KVD_THREADS_READ", "8"}});
    REQUIRE(loaded.is_ok());
    CHECK(loaded->config.listen == "127.0.0.1:3");
    CHECK(loaded->sources.at("listen") == "flag --listen");
    CHECK(loaded->config.read_threads == 8);
    CHECK(loaded->sources.at("threads.read") == "environment KVD_THREADS_READ");
    CHECK(loaded->config.limits.connections == 5);
    CHECK(loaded->sources.at("limits.connections") == file.path() + ":5");
}

TEST_CASE("load: compression comes from file, environment or --set") {
    const TempFile file("[engine]\ncompression = \"none\"\n");
    const auto from_file = parse({"--config", file.path().c_str()});
    CHECK(load(*from_file, {})->config.engine.compression == Compression::kNone);
    CHECK(load(*from_file, {{"KVD_ENGINE_COMPRESSION", "zstd"}})->config.engine.compression ==
          Compression::kZstd);
    CHECK(load(*parse({"--set", "engine.compression=zstd"}), {})->config.engine.compression ==
          Compression::kZstd);
    CHECK(toml_error("[engine]\ncompression = \"snappy\"\n") ==
          "kvd.toml:2:15: engine.compression: 'snappy' is not one of none|lz4|zstd");
    CHECK(contains(toml_error("[engine]\ncompression = false\n"), "expected a text in quotes"));
}

TEST_CASE("load: KVD_CONFIG names the file when no flag does") {
    const TempFile file("data_dir = \"/x\"\n");
    auto loaded = load({}, {{"KVD_CONFIG", file.path()}});
    REQUIRE(loaded.is_ok());
    CHECK(loaded->config.data_dir == "/x");
    CHECK(load({}, {{"KVD_CONFIG", "/no/such/file"}}).status().is(Code::kNotFound));
}

TEST_CASE("load: a configuration file that cannot be read is refused, not taken as empty") {
    const auto directory = load(*parse({"--config", "/tmp"}), {});
    REQUIRE(directory.status().is(Code::kIoError));
    CHECK(contains(std::string(directory.error().message()),
                   "configuration file /tmp cannot be read: Is a directory"));
    CHECK(load(*parse({"--config", "/dev/zero"}), {}).status().is(Code::kIoError));
    CHECK(load(*parse({"--config", "/dev/null"}), {}).is_ok());
}

TEST_CASE("apply_toml: unknown keys name file, line, column and the nearest key") {
    CHECK(toml_error("\n  lisen = \"127.0.0.1:1\"\n") ==
          "kvd.toml:2:3: unknown key 'lisen'; did you mean 'listen'?");
    CHECK(contains(toml_error("[limits]\nconections = 5\n"),
                   "kvd.toml:2:1: unknown key 'limits.conections'; did you mean "
                   "'limits.connections'?"));
    CHECK(contains(toml_error("[qqqqqq]\nx = 5\n"), "kvd.toml:1:"));
    CHECK(contains(toml_error("[qqqqqq]\nx = 5\n"), "unknown section 'qqqqqq'"));
}

TEST_CASE("apply_toml: wrong type, bad unit and out of range name the value's place") {
    CHECK(toml_error("listen = 5\n") ==
          "kvd.toml:1:10: listen: expected an address such as \"127.0.0.1:7480\"");
    CHECK(contains(toml_error("[limits]\nkeepalive = 300\n"), "kvd.toml:2:13: limits.keepalive"));
    CHECK(contains(toml_error("[limits]\nunread_reply_size = \"32Mb\"\n"), "unknown unit 'Mb'"));
    CHECK(contains(toml_error("[limits]\nconnections = 0\n"), "out of range; allowed: 1 to"));
    CHECK(contains(toml_error("[limits]\nconnections = -3\n"), "kvd.toml:2:15"));
    CHECK(contains(toml_error("limits = 3\n"), "kvd.toml:1:1: unknown key 'limits'"));
    CHECK(contains(toml_error("allow_public_bind = \"yes\"\n"), "expected true or false"));
}

TEST_CASE("apply_toml: a syntax error names line and column") {
    CHECK(contains(toml_error("listen = \"127\n"), "kvd.toml:1:"));
    CHECK(contains(toml_error("a = 1\nb = = 2\n"), "kvd.toml:2:"));
}

TEST_CASE("apply_toml: reports every error at once") {
    const std::string errors = toml_error("lisen = 1\n[limits]\nconnections = \"many\"\n");
    CHECK(contains(errors, "lisen"));
    CHECK(contains(errors, "\nkvd.toml:3:"));
}

TEST_CASE("load: unknown environment variables are refused, an orchestrator's are not") {
    CHECK(contains(std::string(load({}, {{"KVD_LISTN", "x"}}).status().message()),
                   "did you mean 'KVD_LISTEN'?"));
    for (const auto& [name, text] : std::initializer_list<std::pair<const char*, const char*>>{
             {"KVD_PORT", "tcp://10.0.0.1:7480"},
             {"KVD_PORT_7480_TCP", "tcp://10.0.0.1:7480"},
             {"KVD_PORT_7480_TCP_PROTO", "tcp"},
             {"KVD_PORT_7480_TCP_ADDR", "10.0.0.1"},
             {"KVD_PORT_7480_TCP_PORT", "7480"},
             {"KVD_SERVICE_HOST", "10.0.0.1"},
             {"KVD_RESP_SERVICE_HOST", "10.0.0.1"},
             {"KVD_RESP_SERVICE_PORT", "7481"},
             {"KVD_RESP_SERVICE_PORT_RESP", "7481"},
             {"KVD_RESP_PORT", "tcp://10.0.0.1:7481"},
             {"KVD_RESP_PORT_7481_TCP_PORT", "7481"},
             {"KVD_NAME", "/web/kvd"},
             {"KVD_RESP_NAME", "/web/kvd-resp"},
             {"KVD_RESP_ENV_PATH", "/usr/bin"},
             {"KVD_ENV_PATH", "/usr/bin"}}) {
        INFO(name);
        CHECK(load({}, {{name, text}}).is_ok());
    }
    CHECK_FALSE(load({}, {{"KVD_RESP_PORT", "7481"}}).is_ok());
    CHECK(contains(std::string(load({}, {{"KVD_THREADS_READ", "x"}}).status().message()),
                   "environment KVD_THREADS_READ: "));
}

TEST_CASE("load: a public address needs leave") {
    const auto refused = load(*parse({"--listen", "0.0.0.0:7480"}), {});
    REQUIRE_FALSE(refused.is_ok());
    CHECK(contains(std::string(refused.error().message()), "--allow-public-bind"));
    CHECK(load(*parse({"--listen", "0.0.0.0:7480", "--allow-public-bind"}), {}).is_ok());
    CHECK(load(*parse({"--listen", "[::1]:7480"}), {}).is_ok());
    const auto resp_refused = load(*parse({"--resp-listen", "0.0.0.0:7481"}), {});
    REQUIRE_FALSE(resp_refused.is_ok());
    CHECK(contains(std::string(resp_refused.error().message()), "resp_listen: 0.0.0.0:7481"));
}

TEST_CASE("load: listeners that this version lacks can only be off") {
    CHECK(load(*parse({"--resp-listen", "off", "--admin-listen", "off"}), {}).is_ok());
    const auto refused = load(*parse({"--admin-listen", "127.0.0.1:7482"}), {});
    REQUIRE_FALSE(refused.is_ok());
    CHECK(contains(std::string(refused.error().message()), "no admin listener"));
}

TEST_CASE("check_config: settings must fit together") {
    CHECK_FALSE(load(*parse({"--set", "engine.level0_stop_trigger=4"}), {}).is_ok());
    const auto error_of = [](const char* setting) {
        return std::string(load(*parse({"--set", setting}), {}).status().message());
    };
    CHECK(contains(error_of("limits.network_memory=74MiB"),
                   "limits.network_memory: 74MiB does not hold the largest request that is "
                   "allowed, for which 75MiB is the least"));
    CHECK(contains(error_of("limits.network_memory=74MiB"), "engine.max_batch_size (65MiB)"));
    CHECK(error_of("limits.network_memory=75MiB").empty());
    CHECK(contains(error_of("limits.keepalive=10h"), "allowed: off, or 1s to 9h"));
    CHECK(error_of("limits.keepalive=9h").empty());
}

TEST_CASE("parse_command_line: actions and mistakes") {
    using Action = CommandLine::Action;
    CHECK(parse({}).value().action == Action::kRun);
    CHECK(parse({"--version"}).value().action == Action::kVersion);
    CHECK(parse({"--check-config"}).value().action == Action::kCheckConfig);
    CHECK(parse({"--print-config"}).value().action == Action::kPrintConfig);
    CHECK(contains(parse({"--help"}).value().help_text, "--data-dir"));
    CHECK(parse({"--nonsense"}).status().is(Code::kInvalidArgument));
    CHECK(parse({"--listen"}).status().is(Code::kInvalidArgument));
    CHECK(parse({"stray"}).status().is(Code::kInvalidArgument));
    CHECK(parse({"--set", "novalue"}).status().is(Code::kInvalidArgument));
    CHECK_FALSE(load(*parse({"--set", "limits.conections=4"}), {}).is_ok());
}

TEST_CASE("print_config: is a file that gives the same configuration") {
    auto loaded = load(*parse({"--data-dir", "/a \"b\"", "--set", "limits.keepalive=off"}), {});
    REQUIRE(loaded.is_ok());
    const std::string text = print_config(*loaded);
    CHECK(contains(text, "# flag --data-dir"));
    LoadedConfig again;
    REQUIRE(apply_toml(text, "printed", again).is_ok());
    for (const Key& key : keys()) {
        CHECK(get_value(key, again.config) == get_value(key, loaded->config));
    }
}

}  // namespace kv::config
