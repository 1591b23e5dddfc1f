// server/resp/script_view.h: what a script sees of the store and of itself, and that its batch
// comes to the same.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/script_view.h"

#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "server/fake_db.h"
#include "server/map_view.h"
#include "server/resp/store_view.h"
#include "support/seed.h"

namespace kv::server {
namespace {

constexpr uint64_t kNowMs = 1'000'000;
const Keyspace kZero;

class Program final : public WriteProgram {
  public:
    explicit Program(std::function<void(ScriptView&)> body) : body_(std::move(body)) {}
    Status run(CommitView& store, WriteBatch& batch) override {
        KeyspaceTally tally;
        ScriptView view(store, tally, nullptr, work);
        body_(view);
        view.write_to(batch);
        CHECK(view.extent().bytes == batch.size_bytes());
        CHECK(view.extent().mutations == batch.count());
        mutations = batch.count();
        return Status::ok();
    }
    size_t held_bytes() const override { return 0; }
    uint32_t mutations = 0;
    ScriptWork* work = nullptr;

  private:
    std::function<void(ScriptView&)> body_;
};

class Fixture : public WriteObserver {
  public:
    FakeDb db;
    Fixture() { db.wall_ms = kNowMs; }

    /// Runs `body` in the middle of a commit.
    uint32_t commit(std::function<void(ScriptView&)> body, ScriptWork* work = nullptr) {
        Program program(std::move(body));
        program.work = work;
        std::vector<std::unique_ptr<WriteRequest>> one;
        one.push_back(std::make_unique<WriteRequest>());
        one.front()->program = &program;
        one.front()->observer = this;
        db.submit(std::move(one));
        return program.mutations;
    }
    /// The same, held to `work`.
    void commit_with_work(std::function<void(ScriptView&, ScriptWork&)> body) {
        ScriptWork work;
        commit([&](ScriptView& view) { body(view, work); }, &work);
    }
    void on_written(std::unique_ptr<WriteRequest> request) override {
        REQUIRE(request->result.status.is_ok());
    }

    /// What the store holds outside of a commit.
    std::string stored(const Keyspace& space = kZero) {
        FakeClock clock(kNowMs);
        const KeyspaceCatalog keyspaces;
        StoreView view(db, clock, keyspaces, StoreView::Reach::kDisk);
        return walked(view, {}, space);
    }
    /// "key=value" of each entry in the order of the walk.
    static std::string walked(KeyView& view, const WalkBounds& bounds,
                              const Keyspace& space = kZero) {
        std::string text;
        const auto walk = view.walk(space, bounds);
        REQUIRE(walk != nullptr);
        for (; walk->valid(); walk->next()) {
            text += std::string(walk->key()) + "=" + std::string(walk->value());
            if (walk->expiry_ms() != 0) text += "@" + std::to_string(walk->expiry_ms());
            text += " ";
        }
        REQUIRE(walk->status().is_ok());
        return text;
    }
    static std::string value(KeyView& view, Bytes key, const Keyspace& space = kZero) {
        const auto entry = view.get(space, key);
        REQUIRE(entry.is_ok());
        if (!entry->has_value()) return "none";
        const std::string expiry =
            (*entry)->expiry_ms == 0 ? "" : "@" + std::to_string((*entry)->expiry_ms);
        return (*entry)->value + expiry;
    }
    static WalkBounds backwards() {
        WalkBounds bounds;
        bounds.reverse = true;
        return bounds;
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "script view: it sees the store where it has changed nothing") {
    db.set("a", "1");
    db.set("c", "3");
    commit([](ScriptView& view) {
        CHECK(value(view, "a") == "1");
        CHECK(value(view, "b") == "none");
        CHECK(walked(view, {}) == "a=1 c=3 ");
        CHECK(walked(view, backwards()) == "c=3 a=1 ");
        CHECK(view.now_ms() == kNowMs);
    });
    CHECK(stored() == "a=1 c=3 ");
}

TEST_CASE_METHOD(Fixture, "script view: it sees its own writes and deletes") {
    db.set("a", "1");
    db.set("c", "3");
    commit([](ScriptView& view) {
        view.put(kZero, "a", "new", 0);
        view.put(kZero, "b", "2", kNowMs + 1);
        view.del(kZero, "c");
        CHECK(value(view, "a") == "new");
        CHECK(value(view, "b") == "2@1000001");
        CHECK(value(view, "c") == "none");
        CHECK(walked(view, {}) == "a=new b=2@1000001 ");
        CHECK(walked(view, backwards()) == "b=2@1000001 a=new ");
        view.put(kZero, "c", "again", 0);
        CHECK(value(view, "c") == "again");
        CHECK(walked(view, {}) == "a=new b=2@1000001 c=again ");
    });
    CHECK(stored() == "a=new b=2@1000001 c=again ");
}

TEST_CASE_METHOD(Fixture, "script view: a put that has expired already deletes") {
    db.set("a", "1");
    commit([](ScriptView& view) {
        view.put(kZero, "a", "2", kNowMs);
        view.put(kZero, "b", "2", 1);
        CHECK(value(view, "a") == "none");
        CHECK(walked(view, {}).empty());
    });
    CHECK(stored().empty());
}

TEST_CASE_METHOD(Fixture, "script view: ranges that meet are one mutation, until one is dropped") {
    for (char key = 'a'; key < 'k'; ++key) db.set(std::string(1, key), "1");
    const uint32_t mutations = commit([](ScriptView& view) {
        view.put(kZero, "b", "2", 0);
        view.del_range(kZero, "a", "c");
        view.del_range(kZero, "e", "g");
        view.put(kZero, "f", "2", 0);
        view.keep_last();
        view.del_range(kZero, "b", "f");
        view.del_range(kZero, "f", "h");
        CHECK(view.extent().mutations == 1 + 2);
        CHECK(walked(view, {}) == "h=1 i=1 j=1 ");
        view.drop_last();
        CHECK(view.extent().mutations == 2 + 2);
        CHECK(walked(view, {}) == "c=1 d=1 f=2 g=1 h=1 i=1 j=1 ");
        view.del_range(kZero, "f", "g");
        view.del_range(kZero, "e", "g");
        CHECK(walked(view, {}) == "c=1 d=1 g=1 h=1 i=1 j=1 ");
    });
    CHECK(mutations == 2 + 2);
    CHECK(stored() == "c=1 d=1 g=1 h=1 i=1 j=1 ");
}

TEST_CASE_METHOD(Fixture, "script view: a key written many times is one mutation") {
    const uint32_t mutations = commit([](ScriptView& view) {
        for (int i = 0; i < 1000; ++i) view.put(kZero, "n", std::to_string(i), 0);
        view.put(kZero, "gone", "1", 0);
        view.del_range(kZero, "g", "h");
        view.put(kZero, "goes", "1", 0);
        view.del(kZero, "goes");
    });
    CHECK(mutations == 4);  // "gone" leaves a tombstone, for those who watch it
    CHECK(stored() == "n=999 ");
}

TEST_CASE_METHOD(Fixture, "script view: walks merge both sides at every place") {
    for (const char* key : {"b", "d", "f", "h"}) db.set(key, "s");
    commit([](ScriptView& view) {
        for (const char* key : {"a", "d", "e", "i"}) view.put(kZero, key, "w", 0);
        for (const char* key : {"b", "c", "h"}) view.del(kZero, key);
        CHECK(walked(view, {}) == "a=w d=w e=w f=s i=w ");
        CHECK(walked(view, backwards()) == "i=w f=s e=w d=w a=w ");
        WalkBounds some;
        some.lower = "d";
        some.upper = "i";
        CHECK(walked(view, some) == "d=w e=w f=s ");
        some.reverse = true;
        CHECK(walked(view, some) == "f=s e=w d=w ");
        some = {};
        some.prefix = "e";
        CHECK(walked(view, some) == "e=w ");
    });
}

TEST_CASE_METHOD(Fixture, "script view: a range delete hides the store, not what is put after it") {
    for (const char* key : {"a", "b", "c", "d"}) db.set(key, "s");
    commit([](ScriptView& view) {
        view.put(kZero, "bb", "w", 0);
        view.del_range(kZero, "b", "d");
        CHECK(value(view, "b") == "none");
        CHECK(value(view, "bb") == "none");
        CHECK(value(view, "d") == "s");
        CHECK(walked(view, {}) == "a=s d=s ");
        view.put(kZero, "c", "w", 0);
        CHECK(value(view, "c") == "w");
        CHECK(walked(view, backwards()) == "d=s c=w a=s ");
    });
    CHECK(stored() == "a=s c=w d=s ");

    commit([](ScriptView& view) {
        view.del_range(kZero, "d", "a");
        CHECK(walked(view, {}) == "a=s c=w d=s ");
        view.del_range(kZero, "c", std::nullopt);
        CHECK(walked(view, {}) == "a=s ");
        view.del_range(kZero, "", std::nullopt);
        CHECK(walked(view, {}).empty());
    });
    CHECK(stored().empty());
}

TEST_CASE_METHOD(Fixture, "script view: walks pass over what was deleted by range") {
    for (int i = 100; i < 200; ++i) db.set("k" + std::to_string(i), "s");
    db.set("a", "s");
    db.set("z", "s");
    commit([](ScriptView& view) {
        view.del_range(kZero, "k1", "k150");
        view.del_range(kZero, "k151", "z");
        view.put(kZero, "k120", "w", 0);
        CHECK(walked(view, {}) == "a=s k120=w k150=s z=s ");
        CHECK(walked(view, backwards()) == "z=s k150=s k120=w a=s ");
        WalkBounds some;
        some.lower = "k110";
        some.upper = "k190";
        CHECK(walked(view, some) == "k120=w k150=s ");
        some.reverse = true;
        CHECK(walked(view, some) == "k150=s k120=w ");
        view.del_range(kZero, "", std::nullopt);
        CHECK(walked(view, {}).empty());
        CHECK(walked(view, backwards()).empty());
    });
    CHECK(stored().empty());
}

TEST_CASE_METHOD(Fixture, "script view: when the work is over, walks end and reads fail") {
    for (int i = 100; i < 200; ++i) db.set("k" + std::to_string(i), "s");
    commit_with_work([](ScriptView& view, ScriptWork& work) {
        // A walk over ranges that were deleted costs what it begins for.
        view.del_range(kZero, "k1", "k150");
        const uint64_t before = work.visits_left();
        CHECK(view.walk(kZero, {})->key() == "k150");
        CHECK(before - work.visits_left() == 2 * ScriptWork::kWalkVisits);
        work.visit(work.visits_left() - ScriptWork::kWalkVisits * 2 - 10);
        const auto walk = view.walk(kZero, {});
        int met = 0;
        for (; walk->valid(); walk->next()) ++met;
        CHECK(met == 11);
        CHECK(walk->status().is(Code::kInvalidArgument));
        CHECK_FALSE(view.walk(kZero, {})->valid());
        CHECK(view.get(kZero, "k160").status().is(Code::kInvalidArgument));
        CHECK(view.allow_work(1).is(Code::kInvalidArgument));
    });
}

TEST_CASE_METHOD(Fixture, "script view: values that are copied are work, heads are none") {
    db.set("a", "123");
    commit_with_work([](ScriptView& view, ScriptWork& work) {
        view.put(kZero, "b", "12", 0);
        work.copy(ScriptWork::kMostBytes - 5);
        CHECK(value(view, "a") == "123");
        CHECK(value(view, "b") == "12");
        CHECK(value(view, "none") == "none");
        CHECK((*view.get_head(kZero, "a"))->value_bytes == 3);
        CHECK(view.get(kZero, "b").status().is(Code::kInvalidArgument));
    });
}

TEST_CASE_METHOD(Fixture, "script view: heads are those of the store and of what was written") {
    db.set("a", "123");
    commit([](ScriptView& view) {
        const auto bytes = [&](Bytes key) {
            const auto head = view.get_head(kZero, key);
            REQUIRE(head.is_ok());
            return *head ? static_cast<int>((*head)->value_bytes) : -1;
        };
        CHECK(bytes("a") == 3);
        CHECK(bytes("b") == -1);
        view.put(kZero, "a", "12345", kNowMs + 1);
        CHECK(bytes("a") == 5);
        CHECK((*view.get_head(kZero, "a"))->expiry_ms == kNowMs + 1);
        view.del(kZero, "a");
        CHECK(bytes("a") == -1);
        view.put(kZero, "a", "1", 0);
        view.del_range(kZero, "a", "b");
        CHECK(bytes("a") == -1);
        CHECK(view.approximate_count(kZero) == 1);
    });
}

TEST_CASE_METHOD(Fixture, "script view: databases do not see each other") {
    const Keyspace one(1), two(2);
    commit([&](ScriptView& view) {
        view.put(kZero, "a", "0", 0);
        view.put(one, "a", "1", 0);
        view.put(two, "a", "2", 0);
        CHECK(walked(view, {}, one) == "a=1 ");
        view.del_range(one, "", std::nullopt);
        CHECK(value(view, "a") == "0");
        CHECK(value(view, "a", one) == "none");
        CHECK(walked(view, {}, two) == "a=2 ");
    });
    CHECK(stored() == "a=0 ");
    CHECK(stored(one).empty());
    CHECK(stored(two) == "a=2 ");
}

TEST_CASE_METHOD(Fixture, "script view: keys that begin with FF are keys like others") {
    commit([](ScriptView& view) {
        view.put(kZero, "\xFFk", "w", 0);
        CHECK(value(view, "\xFFk") == "w");
        CHECK(walked(view, {}) == "\xFFk=w ");
    });
    CHECK(stored() == "\xFFk=w ");
}

TEST_CASE_METHOD(Fixture, "script view: without the disk it would block, but for what it wrote") {
    db.set("a", "1");
    db.cold = true;
    commit([](ScriptView& view) {
        CHECK(view.get(kZero, "a").status().is(Code::kWouldBlock));
        CHECK(view.walk(kZero, {}) == nullptr);
        view.put(kZero, "a", "2", 0);
        CHECK(value(view, "a") == "2");
        view.del_range(kZero, "b", "c");
        CHECK(value(view, "b") == "none");
    });
    db.cold = false;
    CHECK(stored() == "a=2 ");
}

TEST_CASE_METHOD(Fixture, "script view: random scripts agree with a map") {
    const uint64_t seed = test::test_seed();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const auto below = [&](unsigned end) {
        return std::uniform_int_distribution(0U, end - 1)(random);
    };
    const auto key = [&] { return std::string(1, static_cast<char>('a' + below(12))); };
    const Keyspace spaces[] = {Keyspace(0), Keyspace(3)};
    MapView model;
    model.time_ms = kNowMs;
    for (int script = 0; script < 100; ++script) {
        commit([&](ScriptView& view) {
            for (int i = 0; i < 20; ++i) {
                const Keyspace& space = spaces[below(2)];
                const std::string name = key(), last = key(), text = std::to_string(random());
                const uint64_t expiry = below(3) != 0 ? 0 : below(2) == 0 ? kNowMs : kNowMs * 2;
                WalkBounds bounds;
                bounds.reverse = below(2) == 0;
                if (below(2) == 0) bounds.lower = key();
                if (below(2) == 0) bounds.upper = key();
                for (KeyView* const side :
                     {static_cast<KeyView*>(&view), static_cast<KeyView*>(&model)}) {
                    if (i % 5 < 3) side->put(space, name, text, expiry);
                    if (i % 5 == 3) side->del(space, name);
                    if (i == 14) side->del_range(space, name, last);
                }
                REQUIRE(value(view, name, space) == value(model, name, space));
                REQUIRE(walked(view, bounds, space) == walked(model, bounds, space));
            }
        });
        for (const Keyspace& space : spaces) REQUIRE(stored(space) == walked(model, {}, space));
    }
}

TEST_CASE_METHOD(Fixture, "script view: what the last command wrote can be taken back") {
    db.set("a", "1");
    db.set("b", "2");
    const uint32_t mutations = commit([](ScriptView& view) {
        view.put(kZero, "a", "10", 0);
        view.put(kZero, "c", "3", 0);
        view.keep_last();
        const size_t bytes = view.extent().bytes;
        const std::string before = walked(view, {});
        CHECK(before == "a=10 b=2 c=3 ");
        for (const bool everything : {false, true}) {
            view.put(kZero, "a", std::string(300, 'x'), kNowMs + 1000);
            view.del(kZero, "a");
            view.put(kZero, "a", "12", 0);
            view.put(kZero, "d", "4", 0);
            view.del(kZero, "b");
            if (everything) view.del_range(kZero, "", std::nullopt);
            CHECK(walked(view, {}) == (everything ? "" : "a=12 c=3 d=4 "));
            view.drop_last();
            CHECK(view.extent().bytes == bytes);
            CHECK(walked(view, {}) == before);
        }
    });
    CHECK(mutations == 2);
    CHECK(stored() == "a=10 b=2 c=3 ");
}

}  // namespace kv::server
