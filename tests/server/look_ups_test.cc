// How often commands ask the store for a key in the middle of a commit, and how many bytes of
// values they have it copy: other writes wait for that.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "kv/clock.h"
#include "server/commands/command.h"
#include "server/fake_db.h"
#include "server/resp/write_script.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

using protocol::resp::Args;
using protocol::resp::Version;

/// Has "big", of which nobody needs the value.
class CountingStore final : public CommitView {
  public:
    size_t looks = 0;
    size_t copied_bytes = 0;

    Result<std::optional<Entry>> get(Bytes key) override {
        ++looks;
        if (key != "big") return std::optional<Entry>();
        copied_bytes += value_.size();
        return std::optional<Entry>(Entry{value_, 1, 0});
    }
    Result<std::optional<EntryHead>> get_head(Bytes key) override {
        ++looks;
        if (key != "big") return std::optional<EntryHead>();
        return std::optional<EntryHead>(EntryHead{value_.size(), 1, 0});
    }
    std::unique_ptr<Iterator> new_iterator(const ScanOptions&) override { return nullptr; }
    uint64_t approximate_count(const ScanOptions&) override { return 0; }
    bool may_block() const override { return true; }
    uint64_t wall_ms() const override { return 1; }

  private:
    const std::string value_ = std::string(1000, 'v');
};

struct Fixture {
    FakeDb db;
    FakeClock clock;
    config::Config config;
    CountingStore store;

    std::string run(const std::vector<std::string>& words) {
        config.read_threads = 1;
        SharedState shared(db, config, clock, 1);
        const Command* command = find_command(words[0]);
        REQUIRE(command != nullptr);
        if (const Command* const child = find_subcommand(*command, words[1])) command = child;
        WriteScript script(shared);
        script.add(*command, Keyspace(0), Version::k2, Args(words.begin(), words.end()));
        WriteBatch batch;
        REQUIRE(script.run(store, batch).is_ok());
        return script.answers().substr(0, script.answers().find('\r'));
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "look-ups: a key that one command names many times is looked up once") {
    const auto [name, answer] = GENERATE(table<const char*, const char*>(
        {{"del", ":1"}, {"unlink", ":1"}, {"exists", ":1000"}, {"touch", ":1000"}}));
    std::vector<std::string> words = {name};
    for (int i = 0; i < 1000; ++i) words.insert(words.end(), {"big", "none"});
    CHECK(run(words) == answer);
    CHECK(store.looks == 2);
    CHECK(store.copied_bytes == 0);
}

TEST_CASE_METHOD(Fixture, "look-ups: what needs no value copies none") {
    const auto [words, answer] = GENERATE(table<std::vector<std::string>, const char*>({
        {{"strlen", "big"}, ":1000"},
        {{"ttl", "big"}, ":-1"},
        {{"expiretime", "big"}, ":-1"},
        {{"type", "big"}, "+string"},
        {{"object", "encoding", "big"}, "$3"},
        {{"object", "refcount", "big"}, ":1"},
        {{"object", "idletime", "big"}, ":0"},
        {{"memory", "usage", "big"}, ":1011"},
        {{"setnx", "big", "1"}, ":0"},
        {{"set", "big", "1", "NX"}, "$-1"},
        {{"set", "big", "1", "XX"}, "+OK"},
        {{"set", "big", "1", "KEEPTTL"}, "+OK"},
        {{"msetnx", "a", "1", "big", "1"}, ":0"},
        {{"renamenx", "none", "big"}, "-ERR no such key"},
    }));
    INFO(words[0]);
    CHECK(run(words) == answer);
    CHECK(store.copied_bytes == 0);
}

TEST_CASE_METHOD(Fixture, "look-ups: a target that must not be there is not copied") {
    const Bytes name = GENERATE("copy", "renamenx");
    CHECK(run({std::string(name), "big", "big2"}) == ":1");
    store.copied_bytes = 0;
    CHECK(run({"set", "big", "1", "GET"}) == "$1000");
    CHECK(store.copied_bytes == 1000);
}

}  // namespace kv::server
