// A store from before keyspaces gets its catalog: keys that begin with FF are moved, whatever
// happens meanwhile.
// SPDX-License-Identifier: Apache-2.0
#include "db_fixture.h"
#include "kv/keyspace_catalog.h"
#include "support/seed.h"

using namespace kv;
using namespace kv::test;

namespace {

using Contents = std::map<std::string, std::string>;

/// Keys as an older program may have stored them, in every way that looks like something of ours.
Contents old_contents() {
    Contents contents;
    for (const std::string& key :
         {std::string("a"), std::string("\xFE\xFF"), std::string("\xFF"),
          std::string("\xFF\x00", 2), std::string("\xFF\x00\x00", 3), std::string("\xFF\x00z", 3),
          std::string("\xFF\x01", 2), std::string("\xFF\x01\x00\x00\x00\x10key", 9),
          std::string("\xFF\x02"), std::string("\xFF\x02name"), std::string("\xFF\x03"),
          std::string("\xFF\xFF\xFF")})
        contents[key] = "value of " + escape_bytes(key);
    return contents;
}

class OldStore : public DbFixture {
  public:
    explicit OldStore(uint64_t seed = 1) : DbFixture(seed) {}
    void fill(const Contents& contents) {
        for (const auto& [key, value] : contents) REQUIRE(put(key, value).status.is_ok());
    }
    /// All entries as stored.
    Contents stored() {
        Contents found;
        const auto walk = db().new_iterator();
        for (walk->seek_to_first(); walk->valid(); walk->next())
            found.emplace(walk->key(), walk->value());
        REQUIRE(walk->status().is_ok());
        return found;
    }
    /// All entries of the default keyspace as its user sees them.
    Contents seen() {
        const Keyspace space;
        ScanOptions options;
        options.upper = space.end();
        Contents found;
        const auto walk = db().new_iterator(options);
        for (walk->seek_to_first(); walk->valid(); walk->next()) {
            std::string scratch;
            found.emplace(space.user_key(walk->key(), scratch), walk->value());
        }
        REQUIRE(walk->status().is_ok());
        return found;
    }
    Status open_catalog() {
        KeyspaceCatalog catalog;
        return catalog.open(db());
    }
};

}  // namespace

TEST_CASE_METHOD(OldStore, "keyspace upgrade: keys that begin with FF are moved, all others stay") {
    fill(old_contents());
    REQUIRE(open_catalog().is_ok());
    CHECK(seen() == old_contents());
    CHECK(stored().size() == old_contents().size() + 1);  // and the head of the catalog
    CHECK(get("a") == "value of a");
    CHECK(get(std::string("\xFF\x00", 2)) == "value of \\xff");
}

TEST_CASE_METHOD(OldStore, "keyspace upgrade: happens once") {
    fill(old_contents());
    REQUIRE(open_catalog().is_ok());
    const Contents after = stored();
    const Seqno seqno = db().published_seqno();
    REQUIRE(open_catalog().is_ok());
    reopen();
    REQUIRE(open_catalog().is_ok());
    CHECK(stored() == after);
    CHECK(db().published_seqno() == seqno);
}

TEST_CASE_METHOD(OldStore,
                 "keyspace upgrade: a catalog that has lost its head is not taken for none") {
    REQUIRE(open_catalog().is_ok());
    const bool named = GENERATE(false, true);
    if (named) {
        REQUIRE(put("\xFF\x02orders", Bytes("\0\0\0\x10", 4)).status.is_ok());
    } else {
        REQUIRE(put(Bytes("\xFF\x01\0\0\0\x03key", 9), "v").status.is_ok());
    }
    WriteBatch damage;
    damage.del("\xFF\x02");
    REQUIRE(db().write(std::move(damage)).status.is_ok());
    const Contents before = stored();
    const Status status = open_catalog();
    CHECK(status.is(Code::kCorruption));
    CHECK(status.message().find("its head is missing") != std::string_view::npos);
    CHECK(stored() == before);
}

TEST_CASE_METHOD(OldStore, "keyspace upgrade: an expiry is kept") {
    const uint64_t expiry_ms = clock_.wall_ms() + 1000;
    WriteBatch batch;
    batch.put_with_expiry("\xFFk", "v", expiry_ms);
    REQUIRE(db().write(std::move(batch)).status.is_ok());
    REQUIRE(open_catalog().is_ok());
    const auto entry = db().get(Bytes("\xFF\x00k", 3));
    REQUIRE(entry.is_ok());
    REQUIRE(entry->has_value());
    CHECK((*entry)->expiry_ms == expiry_ms);
}

TEST_CASE_METHOD(OldStore, "keyspace upgrade: a key that cannot grow keeps the store as it was") {
    fill({{"\xFF" + std::string(kMaxKeyBytes - 1, 'x'), "1"}, {"\xFF", "2"}});
    const Contents before = stored();
    const Status status = open_catalog();
    CHECK(status.is(Code::kUnsupported));
    CHECK(status.message().find("begin with FF") != std::string_view::npos);
    CHECK(stored() == before);
}

TEST_CASE_METHOD(OldStore,
                 "keyspace upgrade: more than a batch may hold keeps the store as it was") {
    options_.max_batch_bytes = 1000;
    fill({{"\xFF"
           "a",
           std::string(600, 'a')},
          {"\xFF"
           "b",
           std::string(600, 'b')}});
    const Contents before = stored();
    CHECK(open_catalog().is(Code::kUnsupported));
    CHECK(stored() == before);
}

TEST_CASE("keyspace upgrade: a crash at any moment leaves the old store or the new one") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    OldStore world(seed);
    world.fill(old_contents());
    const Contents before = world.stored();
    std::vector<std::unique_ptr<CrashFileSystem>> survivors;
    Random random(seed);
    const auto crash = [&](const Operation& operation) {
        if (!is_mutating(operation.kind)) return;
        survivors.push_back(world.disk_->clone_after_crash(CrashOptions::keep_all()));
        survivors.push_back(world.disk_->clone_after_crash(CrashOptions::lose_all()));
        for (int i = 0; i < 20; ++i) {
            survivors.push_back(
                world.disk_->clone_after_crash(CrashOptions::random(random.next())));
        }
    };
    world.disk_->set_before_op_hook(crash);
    REQUIRE(world.open_catalog().is_ok());
    world.disk_->set_before_op_hook({});
    survivors.push_back(world.disk_->clone_after_crash(CrashOptions::lose_all()));
    const Contents after = world.stored();
    size_t old_ones = 0;
    size_t new_ones = 0;
    for (auto& survivor : survivors) {
        OldStore recovered(seed);
        recovered.disk_ = std::move(survivor);
        const Contents found = recovered.stored();
        REQUIRE((found == before || found == after));
        ++(found == before ? old_ones : new_ones);
        REQUIRE(recovered.open_catalog().is_ok());
        REQUIRE(recovered.stored() == after);
        REQUIRE(recovered.seen() == old_contents());
    }
    CHECK(old_ones > 0);
    CHECK(new_ones > 0);
}

TEST_CASE("keyspace upgrade: whatever an old store held is seen again") {
    const uint64_t seed = test_seed();
    CAPTURE(seed);
    Random random(seed);
    for (int run = 0; run < 20; ++run) {
        OldStore world(random.next());
        Contents contents;
        for (uint64_t i = random.below(200); i > 0; --i) {
            std::string key(random.one_in(3) ? 0 : random.between(1, 3), '\xFF');
            for (uint64_t n = random.between(1, 4); n > 0; --n)
                key += static_cast<char>(random.one_in(2) ? random.below(3) : random.next() >> 56);
            contents[key] = std::to_string(i);
        }
        world.fill(contents);
        if (random.one_in(2)) REQUIRE(world.db().flush().is_ok());
        REQUIRE(world.open_catalog().is_ok());
        REQUIRE(world.seen() == contents);
    }
}
