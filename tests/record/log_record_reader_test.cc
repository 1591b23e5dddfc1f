// Where a log ends: clean ends, torn tails, damage, and errors that are none of these.
// SPDX-License-Identifier: Apache-2.0
#include "record/log_record_reader.h"

#include <catch2/catch.hpp>

#include "base/coding.h"
#include "record/log_fixture.h"
#include "support/seed.h"

namespace kv {
namespace {

using test::CrashFileSystem;
using test::LogImage;
using test::LogReading;
using test::read_log;
using Strings = std::vector<std::string>;

/// Three records, each written when the one before was durable.
LogImage three_synced() {
    LogImage log;
    log.add("one").sync().add("two, longer than a word").sync().add("three");
    return log;
}

TEST_CASE("log reader: an empty file, and one of zeros, end cleanly at the start") {
    for (const size_t zeros : {0U, 8U, 40U, 48U, 4096U}) {
        CAPTURE(zeros);
        const LogReading reading = read_log(std::string(zeros, '\0'));
        CHECK(reading.status.is_ok());
        CHECK(reading.payloads.empty());
        CHECK(reading.end.offset == 0);
        CHECK_FALSE(reading.end.torn);
    }
}

TEST_CASE("log reader: gives back the records and ends cleanly in preallocated zeros") {
    LogImage log = three_synced();
    const uint64_t length = log.bytes.size();
    const LogReading reading = read_log(log.zeros(1000).bytes);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads == Strings{"one", "two, longer than a word", "three"});
    CHECK(reading.end.offset == length);
    CHECK_FALSE(reading.end.torn);
}

TEST_CASE("log reader: records larger than its buffer, and many small ones, come back") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    LogImage log;
    Strings written;
    for (const size_t size : {700'000U, 0U, 1U, 262'144U - 48U, 262'144U, 5U, 262'143U}) {
        written.push_back(test::random_bytes(random, size));
        log.add(written.back());
    }
    for (int i = 0; i < 9000; ++i) {
        written.push_back(std::to_string(i));
        log.add(written.back());
    }
    const LogReading reading = read_log(log.bytes);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads == written);
}

TEST_CASE("log reader: stops quietly at a torn tail, whatever its length") {
    const LogImage log = three_synced();
    for (size_t length = 0; length < log.bytes.size(); ++length) {
        CAPTURE(length);
        const LogReading reading = read_log(log.bytes.substr(0, length));
        REQUIRE(reading.status.is_ok());
        size_t whole = 0;
        while (whole + 1 < log.starts.size() && log.starts[whole + 1] <= length) ++whole;
        CHECK(reading.payloads.size() == whole);
        CHECK(reading.end.offset == log.starts[whole]);
        CHECK(reading.end.torn == (length > log.starts[whole]));
        CHECK(reading.end.bytes_dropped <= length - log.starts[whole]);
    }
}

TEST_CASE("log reader: regression row 4: damage before a synced offset is corruption, not a tail") {
    const LogImage log = three_synced();
    for (size_t i = 0; i < log.bytes.size(); ++i) {
        CAPTURE(i);
        std::string bytes = log.bytes;
        bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
        const LogReading reading = read_log(bytes);
        if (i < log.starts[2]) {
            CHECK(reading.status.is(Code::kCorruption));
        } else {
            CHECK(reading.status.is_ok());
            CHECK(reading.payloads.size() == 2);
            CHECK(reading.end.torn);
        }
    }
}

TEST_CASE("log reader: zeros in the middle of what was durable are corruption") {
    LogImage log = three_synced();
    std::fill(log.bytes.begin() + static_cast<long>(log.starts[1]),
              log.bytes.begin() + static_cast<long>(log.starts[2]), '\0');
    const LogReading reading = read_log(log.bytes);
    CHECK(reading.status.is(Code::kCorruption));
    const std::string message(reading.status.message());
    CHECK(message.find("log: damaged record at offset 56") != std::string::npos);
    CHECK(message.find("after seqno 1 and before seqno 3") != std::string::npos);
}

TEST_CASE("log reader: a later record that was written before the damage was synced is dropped") {
    LogImage log;
    log.add("one").sync().add("two").add("three");
    std::string bytes = log.bytes;
    bytes[log.starts[1] + 50] ^= 1;
    const LogReading reading = read_log(bytes);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads == Strings{"one"});
    CHECK(reading.end.torn);
    CHECK(reading.end.offset == log.starts[1]);
    CHECK(reading.end.bytes_dropped > 56);
}

TEST_CASE("log reader: finds the proof of durability far behind the damage") {
    LogImage log;
    log.add("one").add(std::string(600'000, 'x')).sync().add("three");
    log.bytes[log.starts[1] + 3] ^= 1;
    log.zeros(300'000);
    CHECK(read_log(log.bytes).status.is(Code::kCorruption));
    for (size_t pad = 262'000; pad < 262'200; pad += 8) {
        CAPTURE(pad);
        LogImage edge;
        edge.add(std::string(pad, 'x')).sync().add("proof");
        edge.bytes[0] ^= 1;
        CHECK(read_log(edge.bytes).status.is(Code::kCorruption));
    }
}

TEST_CASE("log reader: regression row 3: records of another segment are not replayed") {
    LogImage older;
    older.segment = 6;
    older.add("stale one").sync().add("stale two");
    LogImage log;
    log.add("new");
    std::string bytes = older.bytes;
    bytes.replace(0, log.bytes.size(), log.bytes);
    const LogReading reading = read_log(bytes);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads == Strings{"new"});
    CHECK(reading.end.torn);
}

TEST_CASE("log reader: regression row 3: a record copied to another offset is not replayed") {
    LogImage log;
    log.add("same length").add("same length");
    const std::string copied = log.bytes.substr(0, log.starts[1]);
    const LogReading reading = read_log(copied + copied);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads.size() == 1);
}

TEST_CASE("log reader: regression row 2: an I/O error is returned, never taken for the end") {
    const LogImage log = three_synced();
    CrashFileSystem fs;
    fs.write_file("log", log.bytes);
    fs.set_fault_hook([](const test::Operation& operation) {
        return operation.kind == test::OpKind::kRead ? test::Fault::kReadEio : test::Fault::kNone;
    });
    CHECK(read_log(fs, "log", 7).status.is(Code::kIoError));
}

TEST_CASE("log reader: an I/O error during the look-ahead is returned too") {
    LogImage log;
    log.add("one").add(std::string(400'000, 'x'));
    log.bytes[log.starts[1]] ^= 1;
    CrashFileSystem fs;
    fs.write_file("log", log.bytes);
    fs.set_fault_hook([](const test::Operation& operation) {
        const bool far = operation.kind == test::OpKind::kRead && operation.offset > 200'000;
        return far ? test::Fault::kReadEio : test::Fault::kNone;
    });
    CHECK(read_log(fs, "log", 7).status.is(Code::kIoError));
}

TEST_CASE("log reader: what was never written is not read") {
    const LogImage log = three_synced();
    CrashFileSystem fs;
    fs.write_file("log", LogImage(log).zeros(4U << 20).bytes);
    uint64_t read_end = 0;
    fs.set_fault_hook([&](const test::Operation& operation) {
        if (operation.kind == test::OpKind::kRead)
            read_end = std::max<uint64_t>(read_end, operation.offset + operation.length);
        return test::Fault::kNone;
    });
    const LogReading reading = read_log(fs, "log", 7);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads.size() == 3);
    CHECK(reading.end.offset == log.bytes.size());
    CHECK(read_end <= 256U << 10);
}

TEST_CASE(
    "log reader: a record proves that the ones before it were durable, whatever zeros end it") {
    LogImage log;
    log.add("one").sync().add(std::string("two") + std::string(9000, '\0'));
    log.bytes[log.starts[0] + 40] ^= 1;
    CHECK(read_log(log.bytes).status.is(Code::kCorruption));
}

TEST_CASE("log reader: with a known end, records must end exactly there") {
    const LogImage log = three_synced();
    const uint64_t two = log.starts[2];
    LogReading reading = read_log(log.bytes, 7, two);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads.size() == 2);
    CHECK(reading.end.offset == two);
    CHECK_FALSE(reading.end.torn);
    for (const uint64_t limit : {two - 8, two + 8, uint64_t{8}}) {
        CAPTURE(limit);
        CHECK(read_log(log.bytes, 7, limit).status.is(Code::kCorruption));
    }
}

TEST_CASE("log reader: with a known end, a shorter file and any damage before it are corruption") {
    const LogImage log = three_synced();
    for (size_t length = 0; length < log.bytes.size(); ++length) {
        CAPTURE(length);
        CHECK(read_log(log.bytes.substr(0, length), 7, log.bytes.size())
                  .status.is(Code::kCorruption));
        std::string bytes = log.bytes;
        bytes[length] = static_cast<char>(bytes[length] ^ 1);
        CHECK(read_log(bytes, 7, log.bytes.size()).status.is(Code::kCorruption));
    }
}

TEST_CASE("log reader: believes no length that the file cannot hold") {
    LogImage log = three_synced();
    store_fixed32(log.bytes.data() + log.starts[2] + kLogLengthOffset, 200U << 20);
    const LogReading reading = read_log(log.bytes);
    CHECK(reading.status.is_ok());
    CHECK(reading.payloads.size() == 2);
}

TEST_CASE("log reader: random bytes after the log never read as records") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 200; ++round) {
        LogImage log = three_synced();
        const std::string noise = test::random_bytes(random, random.next() % 600);
        const LogReading reading = read_log(log.bytes + noise);
        REQUIRE(reading.status.is_ok());
        CHECK(reading.payloads.size() == 3);
    }
}

}  // namespace
}  // namespace kv
