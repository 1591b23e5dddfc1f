// Where `kvcli export` writes: a file appears whole, links, pipes and devices stay what they are.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/daemon.h"

namespace kv::cli_test {

namespace {

namespace fs = std::filesystem;

const std::string kDump = "{\"key\":\"a\",\"value\":\"1\"}\n";

struct Fixture {
    Daemon daemon;
    const test::TempDir directory;

    Fixture() {
        REQUIRE(run(KVCLI_PROGRAM, {"-a", daemon.address(), "put", "a", "1"}).exit_code == 0);
    }
    std::string file(const std::string& name) const { return directory.file(name); }
    Finished export_to(const std::string& path) const {
        return run(KVCLI_PROGRAM, {"-a", daemon.address(), "export", path});
    }
    /// Names in the directory, each with a space behind it.
    std::string listing() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory.path())) {
            names.push_back(entry.path().filename().string());
        }
        std::sort(names.begin(), names.end());
        std::string out;
        for (const std::string& name : names) out += name + " ";
        return out;
    }
};

/// A FIFO whose reader is here, so that opening it for writing does not wait. What is written must
/// fit in its buffer.
class Pipe {
  public:
    explicit Pipe(const std::string& path) {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        fd_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
        REQUIRE(fd_ >= 0);
    }
    ~Pipe() { ::close(fd_); }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    std::string read() const {
        char bytes[4096];
        const ssize_t got = ::read(fd_, bytes, sizeof bytes);
        return got > 0 ? std::string(bytes, static_cast<size_t>(got)) : "";
    }

  private:
    int fd_ = -1;
};

}  // namespace

TEST_CASE("kvcli export: a file is made, or replaced, and nothing is left beside it") {
    const Fixture f;
    CHECK(f.export_to(f.file("dump")).exit_code == 0);
    CHECK(read_file(f.file("dump")) == kDump);
    write_file(f.file("dump"), std::string(1000, 'x'));
    CHECK(f.export_to(f.file("dump")).exit_code == 0);
    CHECK(read_file(f.file("dump")) == kDump);
    CHECK(f.listing() == "dump ");
}

TEST_CASE("kvcli export: a pipe is written to and stays a pipe") {
    const Fixture f;
    const Pipe pipe(f.file("pipe"));
    CHECK(f.export_to(f.file("pipe")).exit_code == 0);
    CHECK(pipe.read() == kDump);
    CHECK(fs::is_fifo(f.file("pipe")));
    fs::create_symlink("pipe", f.file("link"));
    CHECK(f.export_to(f.file("link")).exit_code == 0);
    CHECK(pipe.read() == kDump);
    CHECK(fs::is_fifo(f.file("pipe")));
    CHECK(fs::is_symlink(f.file("link")));
    CHECK(f.listing() == "link pipe ");
}

TEST_CASE("kvcli export: a link stays a link, the file behind it is made or replaced") {
    const Fixture f;
    fs::create_directory(f.file("there"));
    fs::create_symlink("there/second", f.file("first"));
    fs::create_symlink(f.file("there/dump"), f.file("there/second"));
    for (const char* before : {"nothing yet", "an old file"}) {
        INFO(before);
        CHECK(f.export_to(f.file("first")).exit_code == 0);
        CHECK(fs::is_symlink(f.file("first")));
        CHECK(fs::is_symlink(f.file("there/second")));
        CHECK(fs::is_regular_file(fs::symlink_status(f.file("there/dump"))));
        CHECK(read_file(f.file("there/dump")) == kDump);
        write_file(f.file("there/dump"), std::string(1000, 'x'));
    }
    CHECK(f.listing() == "first there ");
}

TEST_CASE("kvcli export: a file that cannot be made is an error, not wrong usage") {
    const Fixture f;
    const Finished nowhere = f.export_to(f.file("missing/dump"));
    CHECK(nowhere.exit_code == 1);
    CHECK(nowhere.err == "error: io_error: opening " + f.file("missing/dump.part") +
                             ": No such file or directory\n");
    const Finished directory = f.export_to(f.directory.path());
    CHECK(directory.exit_code == 1);
    CHECK(directory.err == "error: io_error: opening " + f.directory.path() + ": Is a directory\n");
    CHECK(f.listing() == "");
}

}  // namespace kv::cli_test
