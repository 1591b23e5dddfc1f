// Every operation about keys in a keyspace: what it stores, what it sees, what it answers.
// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "server/session_fixture.h"
#include "support/seed.h"

namespace kv::server {

namespace {

using Model = std::map<std::string, std::string>;

/// A session about a keyspace of a store in which others hold keys too.
class OpsFixture : public SessionFixture {
  public:
    void put_at(const Keyspace& space, Bytes key, Bytes value) {
        std::string scratch;
        db.set(std::string(space.stored(key, scratch)), std::string(value));
    }
    std::string at(const Keyspace& space, Bytes key) {
        std::string scratch;
        const auto entry = db.get(space.stored(key, scratch), {});
        return entry.is_ok() && entry->has_value() ? (*entry)->value : "-";
    }
    /// Keys next to and around those of keyspace 7, in all the others.
    void fill_others(const Keyspace& mine) {
        REQUIRE(shared().keyspaces.create("other").is_ok());
        for (const uint32_t id : {0U, 6U, 7U, 8U, 16U}) {
            if (id == mine.id()) continue;
            for (const char* key : {"a", "k", "\x01", "\xFF", "\xFF\xFF"})
                put_at(Keyspace(id), key, "other");
        }
    }
    std::vector<Answer> done(const std::string& request) {
        std::vector<Answer> all = send(request);
        while (!posted.empty() || !submitted.empty()) {
            finish_all();
            for (Answer& answer : answers()) all.push_back(std::move(answer));
        }
        return all;
    }
    Answer one(const std::string& request) {
        std::vector<Answer> all = done(request);
        REQUIRE(all.size() == 1);
        return std::move(all[0]);
    }
    std::string value(Bytes key) {
        const Answer answer = one(get(++id_, key));
        const auto found = answer.as<protocol::GetResponse>();
        return found.found ? std::string(found.value) : "-";
    }
    std::string scan(protocol::ScanRequest request, std::string* token = nullptr) {
        std::string text;
        for (const Answer& answer : done(frame(Opcode::kScan, ++id_, request))) {
            REQUIRE(answer.ok());
            const auto chunk = answer.as<protocol::ScanChunk>();
            for (const auto& entry : chunk.entries)
                text += escape_bytes(entry.key) + "=" + std::string(entry.value) + " ";
            if (token != nullptr) *token = chunk.resume_token;
        }
        return text;
    }
    uint64_t count(bool exact, const protocol::KeyRange& range = {}) {
        const Answer answer =
            one(frame(Opcode::kCount, ++id_, protocol::CountRequest{exact, 0, range}));
        return answer.as<protocol::CountResponse>().count;
    }
    uint64_t id_ = 100;
};

}  // namespace

TEST_CASE_METHOD(OpsFixture,
                 "keyspace ops: single keys are stored under the prefix, and only there") {
    greet_in("7");
    fill_others(Keyspace(7));
    CHECK(value("a") == "-");
    CHECK(one(put(2, "a", "1")).ok());
    CHECK(value("a") == "1");
    CHECK(at(Keyspace(7), "a") == "1");
    CHECK(at(Keyspace(), "a") == "other");
    CHECK(one(increment(3, "n", 5)).as<protocol::WriteResponse>().counters ==
          std::vector<int64_t>{5});
    CHECK(at(Keyspace(7), "n") == "5");
    CHECK(one(frame(Opcode::kPut, 4, protocol::PutRequest{1'800'000'000'000, "e", "x"})).ok());
    CHECK(one(get(5, "e")).as<protocol::GetResponse>().expiry_ms == 1'800'000'000'000);
    CHECK(one(frame(Opcode::kDelete, 6, protocol::DeleteRequest{"a"})).ok());
    CHECK(value("a") == "-");
    CHECK(at(Keyspace(8), "a") == "other");
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: explained reads see the keyspace alone") {
    greet_in("7");
    fill_others(Keyspace(7));
    put_at(Keyspace(7), "mine", "1");
    const auto told = [&](const protocol::ExplainRequest& request) {
        return std::string(
            one(frame(Opcode::kExplain, ++id_, request)).as<protocol::ExplainResponse>().text);
    };
    using Read = protocol::ExplainRequest::Read;
    CHECK(told({Read::kGet, 0, "mine"}).find("live") == 0);
    CHECK(told({Read::kGet, 0, "a"}).find("absent") == 0);
    CHECK(told({Read::kScan}).find("1 entries, ") == 0);
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: a get that needs the disk finds the same") {
    greet_in("7");
    put_at(Keyspace(7), "a", "1");
    db.cold = true;
    CHECK(value("a") == "1");
    CHECK(value("b") == "-");
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: a batch and its preconditions are about its keys") {
    greet_in("7");
    fill_others(Keyspace(7));
    using Op = protocol::BatchOp::Kind;
    using Pre = protocol::BatchPrecondition::Kind;
    const protocol::BatchRequest batch{{{Pre::kAbsent, "a", "", 0}},
                                       {{Op::kPut, "a", "1", 0, 0},
                                        {Op::kPutWithExpiry, "\xFF", "2", 1'800'000'000'000, 0},
                                        {Op::kIncrement, "n", "", 0, 3},
                                        {Op::kDelete, "k", "", 0, 0}}};
    CHECK(one(frame(Opcode::kBatch, 2, batch)).ok());
    CHECK(at(Keyspace(7), "a") == "1");
    CHECK(at(Keyspace(7), "\xFF") == "2");
    CHECK(at(Keyspace(7), "n") == "3");
    CHECK(at(Keyspace(), "k") == "other");
    CHECK(one(frame(Opcode::kBatch, 3, batch)).is(WireStatus::kConflict));
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: multi_get finds its keys, few or many, warm or cold") {
    const char* const space = GENERATE("7", "0");
    greet_in(space);
    const Keyspace mine(static_cast<uint32_t>(std::stoi(space)));
    fill_others(mine);
    std::vector<std::string> names = {"\xFF", "b", "missing"};
    const size_t many = GENERATE(3U, 200U);
    while (names.size() < many) names.push_back("k" + std::to_string(names.size()));
    for (const std::string& name : names)
        if (name != "missing") put_at(mine, name, "v" + name);
    db.cold = GENERATE(false, true);
    const std::vector<Bytes> keys(names.begin(), names.end());
    const Answer answer = one(frame(Opcode::kMultiGet, 2, protocol::MultiGetRequest{0, keys}));
    const auto items = answer.as<protocol::MultiGetResponse>().items;
    REQUIRE(items.size() == names.size());
    for (size_t i = 0; i < names.size(); ++i) {
        CHECK(items[i].found == (names[i] != "missing"));
        if (items[i].found) CHECK(items[i].value == "v" + names[i]);
    }
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: scans and counts see the keyspace and nothing else") {
    const char* const space = GENERATE("7", "0");
    greet_in(space);
    const Keyspace mine(static_cast<uint32_t>(std::stoi(space)));
    fill_others(mine);
    for (const char* key : {"a", "b", "c", "\xFF", "\xFF\x41", "\xFF\xFF"}) put_at(mine, key, "1");
    CHECK(scan({}) == "a=1 b=1 c=1 \\xff=1 \\xffA=1 \\xff\\xff=1 ");
    protocol::ScanRequest back;
    back.reverse = true;
    CHECK(scan(back) == "\\xff\\xff=1 \\xffA=1 \\xff=1 c=1 b=1 a=1 ");
    protocol::ScanRequest part;
    part.range = {"b", "\xFF\x41", ""};
    CHECK(scan(part) == "b=1 c=1 \\xff=1 ");
    part.range = {"", "", "\xFF"};
    CHECK(scan(part) == "\\xff=1 \\xffA=1 \\xff\\xff=1 ");
    part.range = {"\xFF\x41", "", "\xFF"};
    part.reverse = true;
    CHECK(scan(part) == "\\xff\\xff=1 \\xffA=1 ");
    CHECK(count(true) == 6);
    CHECK(count(false) == 6);
    CHECK(count(true, {"", "", "\xFF"}) == 3);
    CHECK(count(true, {"b", "c", ""}) == 1);
}

TEST_CASE_METHOD(OpsFixture,
                 "keyspace ops: a range delete takes the keyspace's keys, and no other") {
    const char* const space = GENERATE("7", "0");
    greet_in(space);
    const Keyspace mine(static_cast<uint32_t>(std::stoi(space)));
    fill_others(mine);
    const auto left_without = [&](const protocol::KeyRange& range) {
        for (const char* key : {"a", "b", "c", "\xFF", "\xFF\x41", "\xFF\xFF"})
            put_at(mine, key, "1");
        CHECK(one(frame(Opcode::kDeleteRange, ++id_, protocol::DeleteRangeRequest{range})).ok());
        return scan({});
    };
    const std::string all = "a=1 b=1 c=1 \\xff=1 \\xffA=1 \\xff\\xff=1 ";
    CHECK(left_without({"b", "\xFF\x41", ""}) == "a=1 \\xffA=1 \\xff\\xff=1 ");
    CHECK(left_without({"", "", "\xFF"}) == "a=1 b=1 c=1 ");
    CHECK(left_without({"b", "", ""}) == "a=1 ");
    CHECK(left_without({"", "b", ""}) == "b=1 c=1 \\xff=1 \\xffA=1 \\xff\\xff=1 ");
    CHECK(left_without({"\xFF\x41", "", "\xFF"}) == "a=1 b=1 c=1 \\xff=1 ");
    CHECK(left_without({"c", "b", ""}) == all);
    CHECK(left_without({"", "b", "c"}) == all);
    CHECK(left_without({}) == "");
    for (const uint32_t id : {0U, 6U, 7U, 8U, 16U}) {
        if (id == mine.id()) continue;
        for (const char* key : {"a", "k", "\x01", "\xFF", "\xFF\xFF"})
            CHECK(at(Keyspace(id), key) == "other");
    }
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: bounds of a range delete are as long as keys may be") {
    config.engine.max_key_bytes = 100;
    greet_in("7");
    const std::string first(94, 'a'), last(94, 'b');
    const protocol::DeleteRangeRequest fits{{first, last, ""}};
    const std::string long_key(95, 'b');
    CHECK(one(frame(Opcode::kDeleteRange, 2, fits)).ok());
    const protocol::KeyRange ranges[] = {
        {long_key, "", ""}, {"", long_key, ""}, {"", "", long_key}};
    for (const protocol::KeyRange& range : ranges)
        CHECK(one(frame(Opcode::kDeleteRange, ++id_, protocol::DeleteRangeRequest{range}))
                  .is(WireStatus::kTooLarge));
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: a scan goes on after its token, both ways") {
    const char* const space = GENERATE("7", "0");
    greet_in(space);
    const Keyspace mine(static_cast<uint32_t>(std::stoi(space)));
    fill_others(mine);
    for (const char* key : {"a", "b", "\xFF", "\xFF\x41"}) put_at(mine, key, "1");
    const bool reverse = GENERATE(false, true);
    std::string text;
    std::string token;
    for (int i = 0; i < 4; ++i) {
        protocol::ScanRequest request;
        request.reverse = reverse;
        request.limit = 1;
        request.resume_token = token;
        std::string next;
        text += scan(request, &next);
        token = next;
    }
    CHECK(text == (reverse ? "\\xffA=1 \\xff=1 b=1 a=1 " : "a=1 b=1 \\xff=1 \\xffA=1 "));
    protocol::ScanRequest request;
    request.reverse = reverse;
    request.resume_token = token;
    CHECK(scan(request) == "");
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: reads at a snapshot see the keyspace as it was") {
    greet_in("7");
    put_at(Keyspace(7), "a", "old");
    const Answer opened = one(frame(Opcode::kSnapshotOpen, 2, protocol::SnapshotOpenRequest{}));
    const uint64_t snapshot = opened.as<protocol::SnapshotResponse>().snapshot_id;
    put_at(Keyspace(7), "a", "new");
    const Answer read = one(frame(Opcode::kGet, 3, protocol::GetRequest{snapshot, "a"}));
    CHECK(read.as<protocol::GetResponse>().value == "old");
    protocol::ScanRequest request;
    request.snapshot_id = snapshot;
    CHECK(scan(request) == "a=old ");
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: keys are as long as HELLO said, and not longer") {
    config.engine.max_key_bytes = 100;
    const auto too_long = [&](const std::string& key, const std::string& limit) {
        const Answer answer = one(put(++id_, key, "1"));
        CHECK(answer.is(WireStatus::kTooLarge));
        CHECK(answer.error() ==
              "key of " + std::to_string(key.size()) + " bytes; the limit is " + limit);
    };
    SECTION("a keyspace") {
        greet_in("7");
        CHECK(one(put(2, std::string(94, 'k'), "1")).ok());
        CHECK(value(std::string(94, 'k')) == "1");
        too_long(std::string(95, 'k'), "94");
        too_long(std::string(101, '\xFF'), "94");
    }
    SECTION("the default one") {
        greet();
        CHECK(one(put(2, std::string(100, 'k'), "1")).ok());
        too_long(std::string(101, 'k'), "100");
        CHECK(one(put(3, std::string(99, '\xFF'), "1")).ok());
        too_long(std::string(100, '\xFF'), "99");
    }
    CHECK(one(put(5, "", "1")).is(WireStatus::kInvalidArgument));
}

TEST_CASE_METHOD(OpsFixture, "keyspace ops: random ones agree with a map, and leave others alone") {
    const uint64_t seed = test::test_seed();
    CAPTURE(seed);
    Random random(seed);
    const uint32_t number = random.one_in(2) ? 7 : 0;
    greet_in(std::to_string(number));
    fill_others(Keyspace(number));
    const auto random_key = [&] {
        const char bytes[] = {'\xFF', '\x00', '\x01', 'a'};
        std::string key;
        for (uint64_t n = random.between(1, 4); n > 0; --n) key += bytes[random.below(4)];
        return key;
    };
    Model model;
    for (int i = 0; i < 1500; ++i) {
        const std::string key = random_key();
        switch (random.below(4)) {
            case 0:
            case 1:
                REQUIRE(one(put(++id_, key, std::to_string(i))).ok());
                model[key] = std::to_string(i);
                break;
            case 2:
                REQUIRE(one(frame(Opcode::kDelete, ++id_, protocol::DeleteRequest{key})).ok());
                model.erase(key);
                break;
            default: {
                protocol::ScanRequest request;
                request.reverse = random.one_in(2);
                const std::string lower = random.one_in(2) ? random_key() : "";
                const std::string upper = random.one_in(2) ? random_key() : "";
                const std::string prefix = random.one_in(3) ? random_key() : "";
                request.range = {lower, upper, prefix};
                std::vector<std::string> found;
                for (const auto& [k, v] : model) {
                    if (k < lower || (!upper.empty() && k >= upper) || !k.starts_with(prefix))
                        continue;
                    found.push_back(escape_bytes(k) + "=" + v + " ");
                }
                if (request.reverse) std::reverse(found.begin(), found.end());
                std::string expected;
                for (const std::string& each : found) expected += each;
                REQUIRE(scan(request) == expected);
            }
        }
    }
    for (const uint32_t id : {0U, 6U, 7U, 8U, 16U})
        if (id != number) CHECK(at(Keyspace(id), "k") == "other");
}

}  // namespace kv::server
