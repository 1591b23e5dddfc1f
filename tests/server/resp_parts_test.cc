// The small parts of a RESP session: its line of answers, its scripts, what it says of a status and
// of commands it does not run, and the watch over slow readers.
// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "kv/clock.h"
#include "server/commands/command.h"
#include "server/fake_db.h"
#include "server/resp/answer_line.h"
#include "server/resp/command_refusal.h"
#include "server/resp/request_limits.h"
#include "server/resp/status_text.h"
#include "server/resp/transaction.h"
#include "server/slow_reader.h"

namespace kv::server {
namespace {

using protocol::resp::Args;
using protocol::resp::Version;
using Kind = AnswerLine::Place::Kind;

struct Fixture {
    Fixture() { config.read_threads = 1; }
    FakeDb db;
    FakeClock clock;
    config::Config config;
    SharedState shared{db, config, clock, 1};
};

AnswerLine::Place place_of(Kind kind, size_t bytes = 0) {
    AnswerLine::Place place;
    place.kind = kind;
    place.bytes = bytes;
    return place;
}

}  // namespace

TEST_CASE("answer line: an answer is ready when all before it have left") {
    AnswerLine line;
    CHECK(line.ready() == nullptr);
    const uint64_t read = line.add(place_of(Kind::kRead));
    const uint64_t write = line.add(place_of(Kind::kWrite, 100));
    CHECK(line.reads() == 1);
    CHECK(line.writes() == 1);
    CHECK(line.held_bytes() == 100);
    line.answer(write, "+OK\r\n");
    CHECK(line.writes() == 0);
    CHECK(line.held_bytes() == 5);
    CHECK(line.ready() == nullptr);
    line.answer(read, "$-1\r\n");
    REQUIRE(line.ready() != nullptr);
    CHECK(line.ready()->answer.text == "$-1\r\n");
    line.pop();
    CHECK(line.ready()->answer.text == "+OK\r\n");
    line.pop();
    CHECK(line.empty());
    CHECK(line.held_bytes() == 0);
}

TEST_CASE("answer line: ids stay good while others come and go") {
    AnswerLine line;
    const uint64_t first = line.add(place_of(Kind::kRead));
    const uint64_t second = line.add(place_of(Kind::kRead));
    line.answer(first, "1");
    line.pop();
    const uint64_t third = line.add(place_of(Kind::kWrite));
    line.leave_reads(third);
    CHECK(line.writes() == 0);
    CHECK(line.reads() == 2);
    line.answer(third, "3");
    line.answer(second, "2");
    CHECK(line.ready()->answer.text == "2");
    line.pop();
    CHECK(line.ready()->answer.text == "3");
}

TEST_CASE("status text: each kind has the code that clients look at") {
    CHECK(error_text(Status(Code::kOverloaded, "full", 30)) == "BUSY full; retry after 30 ms");
    CHECK(error_text(Status(Code::kNoSpace, "full")) == "MISCONF full");
    CHECK(error_text(Status(Code::kReadOnly, "why")) == "MISCONF why");
    CHECK(error_text(Status(Code::kIoError, "why")) == "MISCONF why");
    CHECK(error_text(Status(Code::kInDoubt, "why")) ==
          "INDOUBT the write may or may not survive: why");
    CHECK(error_text(Status(Code::kCorruption, "why")) == "ERR corruption: why");
    CHECK(error_text(Status(Code::kInvalidArgument, "why")) == "ERR why");
}

TEST_CASE("command refusal: an unknown command is quoted as Redis does") {
    CHECK(unknown_command({"foo"}) == "ERR unknown command 'foo', with args beginning with: ");
    CHECK(unknown_command({"foo", "a", "b c"}) ==
          "ERR unknown command 'foo', with args beginning with: 'a' 'b c' ");
    SECTION("up to 128 bytes") {
        const std::string name(200, 'n'), word(200, 'w');
        CHECK(unknown_command({name, word, word}) == "ERR unknown command '" + name.substr(0, 128) +
                                                         "', with args beginning with: '" +
                                                         word.substr(0, 128) + "' ");
    }
    SECTION("up to a NUL") {
        CHECK(unknown_command({Bytes("f\0o", 3), Bytes("a\0b", 3)}) ==
              "ERR unknown command 'f', with args beginning with: 'a' ");
    }
}

TEST_CASE("command refusal: what is wrong with a known one") {
    const Command& client = *find_command("client");
    CHECK(unknown_subcommand(client, "nope") == "ERR unknown subcommand 'nope'. Try CLIENT HELP.");
    CHECK(wrong_arity(*find_command("get")) == "ERR wrong number of arguments for 'get' command");
    CHECK(wrong_arity(*find_subcommand(client, "setname")) ==
          "ERR wrong number of arguments for 'client|setname' command");
    CHECK(is_http("POST"));
    CHECK(is_http("hOST:"));
    CHECK_FALSE(is_http("host"));
    CHECK_FALSE(is_http("POSTS"));
}

TEST_CASE("request limits: the document's number is that of the default sizes") {
    // tests/protocol/resp_document_test.cc compares the document with the latter.
    const size_t kept_bytes = protocol::resp::RequestParser::Limits().kept_bytes;
    CHECK(request_limits(config::Config().engine).kept_bytes == kept_bytes);
    Options engine;
    engine.max_value_bytes = 1000;
    engine.max_batch_bytes = 2000;
    CHECK(request_limits(engine).kept_bytes == 2000 + (1U << 20));
}

TEST_CASE_METHOD(Fixture, "write script: it has the words, keys and answers of each command") {
    WriteScript script(shared);
    CHECK(script.empty());
    script.add(*find_command("mset"), Keyspace(0), Version::k2, {"MSET", "a", "1", "", "2"});
    script.add(*find_command("get"), Keyspace(1), Version::k2, {"get", "a"});
    script.add(*find_command("ping"), Keyspace(1), Version::k2, {"ping"});
    CHECK(script.size() == 3);
    CHECK(script.reads() == 1);
    CHECK(script.args(0) == Args{"MSET", "a", "1", "", "2"});
    CHECK(script.args(1) == Args{"get", "a"});
    CHECK(script.args(2) == Args{"ping"});
    CHECK(script.held_bytes() > 15);

    std::vector<Bytes> keys;
    std::vector<std::string> storage;
    script.collect_keys(keys, storage);
    std::string scratch;
    REQUIRE(keys.size() == 3);
    CHECK(keys[0] == "a");
    CHECK(keys[2] == Keyspace(1).stored("a", scratch));
}

TEST_CASE("script words: those in blocks stay where they are, the others are copied") {
    const std::string sent = "received";
    protocol::ByteBlock block(100'000);
    block.commit(block.writable().size());
    const char* const memory = block.bytes().data();
    std::vector<protocol::ByteBlock> blocks;
    blocks.push_back(std::move(block));
    ScriptWords words;
    words.add({"a", Bytes(sent)}, {});
    words.add({Bytes(memory, 99'998), "", "b"}, std::move(blocks));
    CHECK(words.size() == 5);
    CHECK(words.at(1) == sent);
    CHECK(words.at(1).data() != sent.data());
    CHECK(words.at(2).data() == memory);
    CHECK(words.at(2).size() == 99'998);
    CHECK(words.at(3).empty());
    CHECK(words.at(4) == "b");
    CHECK(words.bytes() >= 100'000 + 10 + 5 * (sizeof(void*) + 2 * sizeof(size_t)));
    CHECK(words.holds(words.at(1).substr(3)));
    CHECK(words.holds(Bytes(memory + 5, 10)));
    CHECK_FALSE(words.holds(sent));
    CHECK_FALSE(words.holds(Bytes()));
}

TEST_CASE_METHOD(Fixture, "transaction: SELECT moves what is queued behind it") {
    Transaction transaction;
    CHECK_FALSE(transaction.is_open());
    CHECK(transaction.commands() == 0);
    transaction.open(shared, Version::k2, Keyspace(2));
    CHECK(transaction.is_open());
    transaction.add(*find_command("get"), {"get", "a"});
    CHECK_FALSE(transaction.has_control_commands());
    transaction.add(*find_command("select"), {"select", "7"});
    transaction.add(*find_command("get"), {"get", "a"});
    for (const char* const wrong : {"x", "99", "-1", "7x", ""}) {
        transaction.add(*find_command("select"), {"select", wrong});
    }
    transaction.add(*find_command("get"), {"get", "a"});
    CHECK(transaction.has_control_commands());
    const auto script = transaction.take();
    CHECK_FALSE(transaction.is_open());
    CHECK(script->space(0) == Keyspace(2));
    CHECK(script->space(2) == Keyspace(7));
    CHECK(script->space(script->size() - 1) == Keyspace(7));
    transaction.open(shared, Version::k2, Keyspace(2));
    CHECK_FALSE(transaction.has_control_commands());
}

TEST_CASE_METHOD(Fixture, "transaction: watched keys become preconditions") {
    Transaction transaction;
    transaction.watch("there", 5, Transaction::Was::kThere);
    transaction.watch("absent", 6, Transaction::Was::kAbsent);
    transaction.watch("expiring", 7, Transaction::Was::kExpiring);
    transaction.watch("unknown", 8, Transaction::Was::kUnknown);
    transaction.watch("there", 9, Transaction::Was::kExpiring);  // it is watched already
    CHECK(transaction.watched_keys() == 4);
    CHECK(transaction.is_watched("absent"));
    CHECK_FALSE(transaction.is_watched("abs"));
    CHECK(transaction.held_bytes() == 26 + 4 * Transaction::bytes_to_watch(""));
    CHECK(Transaction::bytes_to_watch("") >= sizeof(std::string) + sizeof(Seqno));
    WriteBatch batch;
    transaction.require_watched(batch);
    using Wanted = Precondition::Kind;
    const std::vector<std::pair<Wanted, Seqno>> expected{{Wanted::kStillAbsent, 6},
                                                         {Wanted::kNotNewer, 7},
                                                         {Wanted::kPresent, 0},
                                                         {Wanted::kNotNewer, 5},
                                                         {Wanted::kNotNewer, 8}};
    REQUIRE(batch.preconditions().size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        CHECK(batch.preconditions()[i].kind == expected[i].first);
        CHECK(batch.preconditions()[i].seqno == expected[i].second);
    }
    transaction.end();
    CHECK(transaction.watched_keys() == 0);
    CHECK(transaction.held_bytes() == 0);
}

TEST_CASE_METHOD(Fixture, "slow reader: it counts from the last progress") {
    config.limits.unread_reply_bytes = 100;
    config.limits.slow_reader_timeout_ms = 10;
    const std::string peer = "10.0.0.1:5000";
    SlowReader reader(shared, shared.counters[0], peer);
    CHECK_FALSE(reader.is_over_limit(100));
    CHECK(reader.is_over_limit(101));
    reader.note(101, 1'000);
    CHECK_FALSE(reader.must_close(11'000, false));
    SECTION("over the limit, a little progress that leaves it there does not help") {
        reader.note(201, 10'000);
        reader.note_progress(101, 11'000);
        CHECK(reader.must_close(11'001, false));
        CHECK(shared.total(Counter::kLimitSlowReader) == 1);
    }
    SECTION("below it, only an end or a want of memory makes it matter") {
        reader.note(50, 2'000);
        CHECK_FALSE(reader.must_close(50'000, false));
        CHECK(reader.must_close(50'000, true));
    }
    SECTION("for memory") {
        reader.note(50, 2'000);
        shared.memory.add(static_cast<int64_t>(config.limits.network_memory_bytes) + 1);
        CHECK(reader.must_close(50'000, false));
    }
    SECTION("some progress starts the time again") {
        reader.note_progress(50, 40'000);
        CHECK_FALSE(reader.must_close(50'000, true));
        CHECK(reader.must_close(50'001, true));
    }
    SECTION("and nothing unread ends it") {
        reader.note(0, 2'000);
        CHECK_FALSE(reader.must_close(50'000, true));
    }
}

TEST_CASE_METHOD(Fixture, "slow reader: over the limit a share of it is due in each timeout") {
    constexpr size_t kMiB = 1U << 20;
    config.limits.slow_reader_timeout_ms = 10;
    const std::string peer = "10.0.0.1:5000";
    SlowReader reader(shared, shared.counters[0], peer);
    const auto takes = [&](size_t bytes_per_timeout) {
        size_t unsent = 100 * kMiB;
        reader.note(unsent, 1'000);
        for (uint64_t now_us = 2'000; now_us <= 101'000; now_us += 1'000) {
            if (reader.must_close(now_us, false)) return false;
            reader.note_progress(unsent -= bytes_per_timeout / 10 + 1, now_us);
        }
        return true;
    };
    SECTION("an eighth") {
        config.limits.unread_reply_bytes = 16 * kMiB;
        SECTION("all of it") { CHECK(takes(2 * kMiB)); }
        SECTION("and not less") { CHECK_FALSE(takes(2 * kMiB - 10'000)); }
        SECTION("counted again from the last") {
            REQUIRE(takes(2 * kMiB));
            CHECK_FALSE(reader.must_close(111'000, false));
            CHECK(reader.must_close(111'001, false));
        }
        SECTION("what is added meanwhile is not taken back") {
            reader.note(20 * kMiB, 1'000);
            reader.note_progress(19 * kMiB, 5'000);
            reader.note(30 * kMiB, 6'000);
            reader.note_progress(29 * kMiB, 11'000);
            CHECK_FALSE(reader.must_close(21'000, false));
            CHECK(reader.must_close(21'001, false));
        }
    }
    SECTION("of a low limit 1 MiB all the same") {
        config.limits.unread_reply_bytes = 64U << 10;
        SECTION("all of it") { CHECK(takes(kMiB)); }
        SECTION("and not less") { CHECK_FALSE(takes(kMiB - 10'000)); }
    }
}

TEST_CASE_METHOD(Fixture, "slow reader: a large answer is worth a line when it is taken slowly") {
    config.limits.unread_reply_bytes = 100;
    config.limits.slow_reader_timeout_ms = 10;
    const std::string peer = "10.0.0.1:5000";
    SlowReader reader(shared, shared.counters[0], peer);
    const auto has_said_something = [&] {
        uint64_t suppressed = 0;
        LogThrottle& throttle = shared.throttles[static_cast<size_t>(Incident::kUnreadReplies)];
        const bool said = !throttle.allow(clock.monotonic_us(), suppressed);
        clock.advance_ms(2'000);  // past the time that a line is kept back
        return said;
    };
    reader.note(101, 1'000);
    CHECK(shared.total(Counter::kLimitUnread) == 1);
    CHECK_FALSE(has_said_something());
    reader.note(101, 6'000);
    CHECK_FALSE(has_said_something());
    SECTION("once") {
        reader.note(101, 6'001);
        CHECK(has_said_something());
        reader.note(101, 9'000);
        CHECK_FALSE(has_said_something());
        CHECK(shared.total(Counter::kLimitUnread) == 1);
    }
    SECTION("not when it has gone by then") {
        reader.note_progress(100, 6'001);
        reader.note(101, 6'002);
        CHECK_FALSE(has_said_something());
        CHECK(shared.total(Counter::kLimitUnread) == 2);
    }
}

}  // namespace kv::server
