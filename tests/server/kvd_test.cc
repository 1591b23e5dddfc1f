// The program kvd: exit codes, kvd.addr, signals, systemd notification, with the real engine.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>

#include "server/socket_client.h"
#include "support/notify_socket.h"
#include "support/temp_dir.h"

namespace kv::server {

namespace {

constexpr int kPatienceMs = 30'000;

std::string read_file(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// A running kvd. Killed with the object.
class Daemon {
  public:
    /// `descriptors` not 0: so many files it may have open.
    explicit Daemon(std::vector<std::string> args, rlim_t descriptors = 0)
        : output_(dir_.file("output")), notify_(dir_.file("notify")), descriptors_(descriptors) {
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) run(std::move(args));
    }
    ~Daemon() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    void signal(int number) const { REQUIRE(::kill(pid_, number) == 0); }
    /// Waits for the end; -1 when a signal killed it.
    int exit_code() {
        pollfd process{static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)), POLLIN, 0};
        const int ended = ::poll(&process, 1, kPatienceMs);
        ::close(process.fd);
        INFO(output());
        REQUIRE(ended == 1);
        int status = 0;
        REQUIRE(::waitpid(pid_, &status, 0) == pid_);
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string output() const { return read_file(output_); }
    /// Whether it tells its service manager so, before it ends and within half a minute.
    bool says(const std::string& text) const { return notify_.wait_for(text, pid_); }
    /// The address in DATA_DIR/kvd.addr, which is there once it says that it is ready.
    std::string wait_for_address(const std::string& data_dir) {
        INFO(output());
        if (!ready_) REQUIRE(says("READY=1"));
        ready_ = true;
        const std::string text = read_file(data_dir + "/kvd.addr");
        REQUIRE(text.starts_with("native="));
        REQUIRE(text.back() == '\n');
        return text.substr(7, text.find('\n') - 7);
    }

  private:
    [[noreturn]] void run(std::vector<std::string> args) const {
        const int out = ::open(output_.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_APPEND, 0600);
        ::dup2(out, 1);
        ::dup2(out, 2);
        const std::string& variable = notify_.variable();
        const size_t equals = variable.find('=');
        ::setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
        const rlimit limit{descriptors_, descriptors_};
        if (descriptors_ != 0 && ::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(127);
        args.insert(args.begin(), KV_KVD_BINARY);
        std::vector<char*> argv;
        for (std::string& arg : args) argv.push_back(arg.data());
        argv.push_back(nullptr);
        ::execv(KV_KVD_BINARY, argv.data());
        ::_exit(127);
    }

    const test::TempDir dir_;
    const std::string output_;
    const test::NotifySocket notify_;
    const rlim_t descriptors_;
    bool ready_ = false;
    pid_t pid_ = -1;
};

int exit_of(std::vector<std::string> args, std::string* output = nullptr) {
    Daemon daemon(std::move(args));
    const int code = daemon.exit_code();
    if (output != nullptr) *output = daemon.output();
    return code;
}

}  // namespace

TEST_CASE("kvd: --version, --help and --print-config answer and exit 0") {
    std::string output;
    CHECK(exit_of({"--version"}, &output) == 0);
    CHECK(output.starts_with("kvd "));
    CHECK(exit_of({"--help"}, &output) == 0);
    CHECK(contains(output, "--data-dir"));
    CHECK(contains(output, "Exit codes"));
    CHECK(contains(output, "KVD_CONFIG"));
    CHECK(exit_of({"--print-config", "--listen", "127.0.0.1:9"}, &output) == 0);
    CHECK(contains(output, "listen = \"127.0.0.1:9\""));
    CHECK(contains(output, "# flag --listen"));
}

TEST_CASE("kvd: bad usage and bad configuration exit 2 and say why") {
    const test::TempDir dir;
    std::string output;
    CHECK(exit_of({"--nonsense"}, &output) == 2);
    CHECK(exit_of({"--listen", "nowhere"}, &output) == 2);
    CHECK(contains(output, "nowhere"));
    CHECK(exit_of({"--listen", "0.0.0.0:0", "--data-dir", dir.path()}, &output) == 2);
    CHECK(contains(output, "--allow-public-bind"));
    CHECK(exit_of({"--config", "/no/such/file"}, &output) == 2);

    const std::string file = dir.file("kvd.toml");
    std::ofstream(file) << "listen = \"127.0.0.1:0\"\n[limits]\nconections = 5\n";
    CHECK(exit_of({"--config", file, "--check-config"}, &output) == 2);
    CHECK(contains(output, file + ":3:1: unknown key 'limits.conections'"));
    CHECK(contains(output, "limits.connections"));
    std::ofstream(file) << "listen = \"127.0.0.1:0\"\n[limits]\nconnections = 5\n";
    CHECK(exit_of({"--config", file, "--check-config"}, &output) == 0);
}

TEST_CASE("kvd: an address in use exits 1") {
    const test::TempDir first, second;
    Daemon holder(
        {"--data-dir", first.path(), "--listen", "127.0.0.1:0", "--resp-listen", "127.0.0.1:0"});
    const std::string address = holder.wait_for_address(first.path());
    std::string output;
    CHECK(exit_of({"--data-dir", second.path(), "--listen", address}, &output) == 1);
    CHECK(contains(output, address));
}

TEST_CASE("kvd: serves, stops on SIGTERM with 0 and takes its address file along") {
    const test::TempDir dir;
    const std::vector<std::string> args{"--data-dir",  dir.path(),      "--listen",
                                        "127.0.0.1:0", "--resp-listen", "127.0.0.1:0"};
    {
        Daemon daemon(args);
        SocketClient client(daemon.wait_for_address(dir.path()));
        client.greet();
        CHECK(client.ask(put(2, "a", "1")).ok());
        daemon.signal(SIGHUP);
        CHECK(client.ask(get(3, "a")).as<protocol::GetResponse>().found);
        daemon.signal(SIGTERM);
        const auto goaway = client.receive();
        REQUIRE(goaway);
        CHECK(goaway->is_push());
        client.close();
        INFO(daemon.output());
        CHECK(daemon.exit_code() == 0);
        CHECK(contains(daemon.output(), "ready"));
        CHECK(contains(daemon.output(), "stopped"));
        CHECK(contains(daemon.output(), "SIGHUP"));
        CHECK(read_file(dir.file("kvd.addr")).empty());
    }
    Daemon again(args);
    SocketClient client(again.wait_for_address(dir.path()));
    client.greet();
    const Answer read = client.ask(get(2, "a"));
    CHECK(read.as<protocol::GetResponse>().value == "1");
}

TEST_CASE("kvd: a second SIGTERM ends a drain that takes its time") {
    const test::TempDir dir;
    Daemon daemon({"--data-dir", dir.path(), "--listen", "127.0.0.1:0", "--resp-listen",
                   "127.0.0.1:0", "--set", "limits.drain_timeout=10m"});
    SocketClient client(daemon.wait_for_address(dir.path()), 4096);
    client.greet();
    REQUIRE(client.ask(put(2, "big", std::string(8 << 20, 'x'))).ok());
    REQUIRE(client.send(get(3, "big") + get(4, "big")));  // answers that nobody reads
    daemon.signal(SIGTERM);
    REQUIRE(daemon.says("STOPPING=1"));
    daemon.signal(SIGTERM);
    CHECK(daemon.exit_code() == 1);
}

TEST_CASE("kvd: SHUTDOWN is no signal: the first SIGTERM behind it does not cut the drain short") {
    const test::TempDir dir;
    Daemon daemon({"--data-dir", dir.path(), "--listen", "127.0.0.1:0", "--resp-listen",
                   "127.0.0.1:0", "--set", "limits.drain_timeout=10m"});
    SocketClient client(daemon.wait_for_address(dir.path()), 4096);
    client.greet();
    const std::string value(8 << 20, 'x');
    REQUIRE(client.ask(put(2, "big", value)).ok());
    REQUIRE(client.send(get(3, "big") + get(4, "big")));  // answers that are not read yet
    const std::string addresses = read_file(dir.file("kvd.addr"));
    const size_t at = addresses.find("resp=") + 5;
    const std::string resp_address = addresses.substr(at, addresses.find('\n', at) - at);
    SocketClient one(resp_address), other(resp_address);
    for (SocketClient* const redis : {&one, &other}) REQUIRE(redis->send("SHUTDOWN\r\n"));
    REQUIRE(daemon.says("STOPPING=1"));
    daemon.signal(SIGTERM);
    SECTION("which ends when its clients have their answers") {
        for (uint64_t id = 3; id < 5; ++id) {
            auto answer = client.receive();
            if (answer && answer->is_push()) answer = client.receive();
            REQUIRE(answer);
            CHECK(answer->as<protocol::GetResponse>().value == value);
        }
        client.close();
        CHECK(daemon.exit_code() == 0);
        CHECK(contains(daemon.output(), "stopping: a client asked for it"));
        CHECK(contains(daemon.output(), "signal 15: stopping already"));
        CHECK(contains(daemon.output(), "stopped"));
    }
    SECTION("but the second does") {
        daemon.signal(SIGINT);  // two pending SIGTERM would be one
        CHECK(daemon.exit_code() == 1);
    }
}

TEST_CASE("kvd: a second daemon on the same directory exits 3 and disturbs nothing") {
    const test::TempDir dir;
    const std::vector<std::string> args{"--data-dir",  dir.path(),      "--listen",
                                        "127.0.0.1:0", "--resp-listen", "127.0.0.1:0"};
    Daemon first(args);
    const std::string address = first.wait_for_address(dir.path());
    std::string output;
    CHECK(exit_of(args, &output) == 3);
    CHECK(contains(output, dir.path()));
    CHECK(first.wait_for_address(dir.path()) == address);
    SocketClient client(address);
    client.greet();
}

TEST_CASE("kvd: a damaged CURRENT exits 3 and names the file") {
    const test::TempDir dir;
    const std::vector<std::string> args{"--data-dir",  dir.path(),      "--listen",
                                        "127.0.0.1:0", "--resp-listen", "127.0.0.1:0"};
    {
        Daemon daemon(args);
        daemon.wait_for_address(dir.path());
        daemon.signal(SIGINT);
        CHECK(daemon.exit_code() == 0);
    }
    std::ofstream(dir.file("CURRENT"), std::ios::trunc) << "kvd 1 nonsense\n";
    std::string output;
    CHECK(exit_of(args, &output) == 3);
    CHECK(contains(output, "CURRENT"));
}

TEST_CASE("kvd: clients beyond what it may open are told so, and take no file from the store") {
    const test::TempDir dir;
    constexpr size_t kDescriptors = 400;
    Daemon daemon({"--data-dir", dir.path(), "--listen", "127.0.0.1:0", "--resp-listen", "off",
                   "--set", "engine.wal_segment_size=64KiB", "--set", "engine.memtable_size=64KiB"},
                  kDescriptors);
    const std::string address = daemon.wait_for_address(dir.path());
    CHECK(contains(daemon.output(), "limits.connections: 10000 clients are more than"));
    CHECK(contains(daemon.output(), "LimitNOFILE"));
    std::deque<SocketClient> clients;
    size_t refused = 0;
    while (refused < 50 && clients.size() < kDescriptors) {
        const Answer answer = clients.emplace_back(address).ask(hello());
        if (!answer.ok()) CHECK(answer.is(WireStatus::kTooManyConnections));
        refused += answer.ok() ? 0 : 1;
    }
    CHECK(refused == 50);
    CHECK(clients.size() > 100);
    for (uint64_t id = 2; id < 42; ++id) {
        const std::string key = "k" + std::to_string(id);
        CHECK(clients.front().ask(put(id, key, std::string(50'000, 'v'))).ok());
    }
    daemon.signal(SIGTERM);
    CHECK(daemon.exit_code() == 0);
}

TEST_CASE("kvd: logs JSON lines when told to") {
    const test::TempDir dir;
    Daemon daemon({"--data-dir", dir.path(), "--listen", "127.0.0.1:0", "--resp-listen",
                   "127.0.0.1:0", "--set", "log.format=json"});
    daemon.wait_for_address(dir.path());
    daemon.signal(SIGTERM);
    CHECK(daemon.exit_code() == 0);
    std::istringstream lines(daemon.output());
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        CHECK(line.starts_with("{\"time\":\""));
        CHECK(line.ends_with("\"}"));
    }
    CHECK(count >= 3);
}

TEST_CASE("kvd: tells systemd when it is ready and when it stops") {
    const test::TempDir dir;
    Daemon daemon({"--data-dir", dir.file("data"), "--listen", "127.0.0.1:0", "--resp-listen",
                   "127.0.0.1:0"});
    CHECK(daemon.says("STATUS=opening"));
    CHECK(daemon.says("READY=1"));
    daemon.signal(SIGTERM);
    CHECK(daemon.says("STOPPING=1"));
    CHECK(daemon.exit_code() == 0);
}

}  // namespace kv::server
