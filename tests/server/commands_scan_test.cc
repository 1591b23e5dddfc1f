// SCAN over several steps, the table of its cursors, and the work budgets of commands that walk.
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "server/command_fixture.h"
#include "server/commands/scan_cursors.h"

namespace kv::server {
namespace {

/// A view with `count` keys that are made up as the walk meets them.
class EndlessView final : public KeyView {
  public:
    EndlessView(uint64_t count, std::string value) : count_(count), value_(std::move(value)) {}
    Result<std::optional<Entry>> get(const Keyspace&, Bytes) override {
        return std::optional<Entry>();
    }
    std::unique_ptr<KeyWalk> walk(const Keyspace&, const WalkBounds&) override {
        return std::make_unique<Walk>(count_, value_);
    }
    uint64_t approximate_count(const Keyspace&) override { return 0; }
    void put(const Keyspace&, Bytes, Bytes, uint64_t) override {}
    void del(const Keyspace&, Bytes) override {}
    void del_range(const Keyspace&, Bytes, std::optional<Bytes>) override {}
    uint64_t now_ms() const override { return 1; }

  private:
    struct Walk final : KeyWalk {
        Walk(uint64_t count, const std::string& value) : left(count), each(value) {}
        bool valid() const override { return left > 0; }
        void next() override { --left; }
        Bytes key() const override { return "key"; }
        Bytes value() const override { return each; }
        uint64_t expiry_ms() const override { return 0; }
        Status status() const override { return Status::ok(); }
        uint64_t left;
        const std::string& each;
    };
    const uint64_t count_;
    const std::string value_;
};

struct ScanFixture : CommandFixture {
    struct Step {
        std::string cursor;
        std::vector<std::string> keys;
    };
    /// Takes the answer apart.
    Step step(const std::string& cursor, const std::string& options = "") {
        const std::string text = with_bars(answer("SCAN " + cursor + options));
        std::vector<std::string> parts;
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('|', at);
            parts.push_back(text.substr(at, end - at));
            at = end + 1;
        }
        REQUIRE(parts.size() >= 4);
        REQUIRE(parts[0] == "*2");
        Step found{parts[2], {}};
        for (size_t i = 5; i < parts.size(); i += 2) found.keys.push_back(parts[i]);
        return found;
    }
    /// All keys of a whole scan, and how many steps it took.
    std::vector<std::string> scan(const std::string& options, size_t* steps = nullptr) {
        std::vector<std::string> keys;
        std::string cursor = "0";
        size_t count = 0;
        do {
            Step found = step(cursor, options);
            keys.insert(keys.end(), found.keys.begin(), found.keys.end());
            cursor = found.cursor;
            ++count;
        } while (cursor != "0");
        if (steps != nullptr) *steps = count;
        return keys;
    }
    void fill(int count) {
        for (int i = 0; i < count; ++i) answer("SET key" + std::to_string(i) + " v");
    }
    /// Over a view of `keys` keys, all with the same value.
    std::string over(uint64_t keys, DataHandler handler, std::vector<std::string> words,
                     size_t value_bytes = 0) {
        EndlessView endless(keys, std::string(value_bytes, 'x'));
        const protocol::resp::Args args(words.begin(), words.end());
        std::string out;
        protocol::resp::ReplyWriter reply(out, version);
        DataContext context{args, endless, Keyspace(database), reply, shared()};
        CHECK(handler(context).is_ok());
        return with_bars(out);
    }
};

}  // namespace

TEST_CASE_METHOD(ScanFixture, "scan: goes in steps and meets each key once") {
    fill(25);
    size_t steps = 0;
    const auto keys = scan("", &steps);
    CHECK(keys.size() == 25);
    CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 25);
    CHECK(steps == 3);
    CHECK(scan(" COUNT 1", &steps).size() == 25);
    CHECK(steps == 25);
    CHECK(scan(" COUNT 25", &steps).size() == 25);
    CHECK(steps == 1);
    CHECK(scan(" COUNT 9223372036854775807", &steps).size() == 25);
    CHECK(steps == 1);
    CHECK(scan(" TYPE list COUNT 5", &steps).empty());
    CHECK(steps == 5);
}

TEST_CASE_METHOD(ScanFixture, "scan: a literal prefix narrows the walk, a filter does not") {
    fill(25);
    size_t steps = 0;
    CHECK(scan(" MATCH key1*", &steps).size() == 11);
    CHECK(steps == 2);
    CHECK(scan(" MATCH key17", &steps) == std::vector<std::string>{"key17"});
    CHECK(steps == 1);
    CHECK(scan(" MATCH *7", &steps).size() == 2);
    CHECK(steps == 3);
    CHECK(scan(" MATCH zzz*", &steps).empty());
    CHECK(steps == 1);
}

TEST_CASE_METHOD(ScanFixture, "scan: changes meanwhile neither repeat nor hide other keys") {
    fill(20);
    const Step first = step("0", " COUNT 5");
    answer("DEL " + first.keys.back());
    answer("SET key0a new");
    answer("SET zzz new");
    const Step rest = step(first.cursor, " COUNT 100");
    CHECK(rest.cursor == "0");
    CHECK(rest.keys.size() == 16);
    CHECK(rest.keys.back() == "zzz");
}

TEST_CASE_METHOD(ScanFixture, "scan: a step can be repeated, and its options may change") {
    fill(20);
    const Step first = step("0", " COUNT 5");
    CHECK(step(first.cursor).keys == step(first.cursor).keys);
    CHECK(step(first.cursor, " MATCH a*").cursor == "0");
    CHECK(step(first.cursor, " MATCH key0").keys.empty());
    CHECK(step("0", " COUNT 5").cursor == first.cursor);
}

TEST_CASE_METHOD(ScanFixture, "scan: an unknown cursor is an error, in another database too") {
    fill(20);
    expect("SCAN 17",
           "-ERR cursor 17 is not known in this database, or was given out too long ago: start the "
           "SCAN again with 0|");
    const Step first = step("0", " COUNT 5");
    CHECK(std::stoull(first.cursor) <= ScanCursors::kMaxCursor);
    database = 1;
    CHECK(answer("SCAN " + first.cursor).starts_with("-ERR cursor " + first.cursor));
}

TEST_CASE("scan cursors: the least recently given out is forgotten first") {
    ScanCursors cursors;
    const auto key = [](size_t i) { return "key" + std::to_string(i); };
    const uint64_t kept = cursors.give_out(0, key(0));
    const uint64_t lost = cursors.give_out(0, key(1));
    for (size_t i = 2; i < ScanCursors::kMaxPositions; ++i) cursors.give_out(0, key(i));
    CHECK(cursors.size() == ScanCursors::kMaxPositions);
    CHECK(cursors.give_out(0, key(0)) == kept);
    CHECK(cursors.find(0, lost) == key(1));
    const uint64_t newest = cursors.give_out(0, "one more");
    CHECK(cursors.size() == ScanCursors::kMaxPositions);
    CHECK_FALSE(cursors.find(0, lost).has_value());
    CHECK(cursors.find(0, kept) == key(0));
    CHECK(cursors.find(0, newest) == "one more");
}

TEST_CASE("scan cursors: long keys do not take more memory") {
    ScanCursors cursors;
    constexpr size_t kLong = 64U << 10;
    for (size_t i = 0; i < 2 * ScanCursors::kMaxKeyBytes / kLong; ++i)
        cursors.give_out(0, std::string(kLong, static_cast<char>(i)) + std::to_string(i));
    CHECK(cursors.size() <= ScanCursors::kMaxKeyBytes / kLong);
    CHECK(cursors.size() > ScanCursors::kMaxKeyBytes / kLong - 2);
}

TEST_CASE("scan cursors: databases have their own") {
    ScanCursors cursors;
    const uint64_t zero = cursors.give_out(0, "key");
    const uint64_t one = cursors.give_out(1, "key");
    CHECK(zero != one);
    CHECK(zero != 0);
    CHECK_FALSE(cursors.find(1, zero).has_value());
    CHECK(cursors.find(1, one) == "key");
}

TEST_CASE_METHOD(ScanFixture, "budgets: long walks end") {
    CHECK(over(10'000'001, cmd_keys, {"KEYS", "x*"}) ==
          "-ERR KEYS gave up after 10000000 keys: use SCAN, which goes in steps|");
    CHECK(over(10'000'000, cmd_keys, {"KEYS", "x*"}) == "*0|");
    const std::string step =
        over(100'001, cmd_scan, {"SCAN", "0", "MATCH", "x*", "COUNT", "500000"});
    CHECK(step.starts_with("*2|"));
    CHECK(step.find("|0|*0|") == std::string::npos);
    CHECK(over(100'000, cmd_scan, {"SCAN", "0", "MATCH", "x*", "COUNT", "500000"}) ==
          "*2|$1|0|*0|");
}

TEST_CASE_METHOD(ScanFixture, "budgets: an answer that is too large is refused, with a way out") {
    CHECK(over(300, cmd_kv_range, {"KV.RANGE", "", ""}, 1U << 20) ==
          "-ERR the answer is over 268435456 bytes: give a smaller LIMIT and go on behind the last "
          "key|");
    CHECK(over(300, cmd_kv_range, {"KV.RANGE", "", "", "LIMIT", "2"}, 1U << 20).size() > 2U << 20);
    CHECK(over(300, cmd_kv_range, {"KV.RANGE", "", "", "KEYSONLY"}, 1U << 20).starts_with("*300|"));
}

TEST_CASE_METHOD(ScanFixture, "dbsize: counts a million exactly and never says less after that") {
    CHECK(over(1'000'000, cmd_dbsize, {"DBSIZE"}) == ":1000000|");
    CHECK(over(5'000'000, cmd_dbsize, {"DBSIZE"}) == ":1000001|");
}

TEST_CASE_METHOD(ScanFixture, "randomkey: every key comes up, equally often where they are even") {
    fill(10);
    std::map<std::string, int> seen;
    for (int i = 0; i < 2'000; ++i) ++seen[answer("RANDOMKEY")];
    CHECK(seen.size() == 10);
    for (const auto& [key, times] : seen) CHECK(times > 100);
}

TEST_CASE_METHOD(ScanFixture, "randomkey: takes few walks however many keys there are") {
    fill(1'000);
    given({"SET key 1", "SET key\\x00 1", "SET \\xff 1"});
    for (int i = 0; i < 100; ++i) {
        const size_t before = view.walks;
        CHECK(answer("RANDOMKEY").front() == '$');
        CHECK(view.walks - before <= 34);
    }
}

}  // namespace kv::server
