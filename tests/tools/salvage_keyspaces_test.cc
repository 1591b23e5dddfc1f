// kvtool repair of stores with keyspaces whose catalog is among what was lost. The copy is opened
// as the server does it: the store, then its catalog. SPDX-License-Identifier: Apache-2.0
#include "tools/salvage_keyspaces.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "db/db_fixture.h"
#include "kv/keyspace_catalog.h"
#include "tools/small_store.h"

namespace kv {
namespace {

using nlohmann::json;
using test::run_tool;
using test::ToolRun;

constexpr std::string_view kHead = "\xFF\x02";
constexpr int kKeys = 40;

class RepairedKeyspaces : public test::DbFixture {
  public:
    RepairedKeyspaces() { options_.compression = Compression::kNone; }

    KeyspaceCatalog& catalog() {
        if (catalog_ == nullptr) open_catalog(db());
        return *catalog_;
    }
    Keyspace create(std::string_view name) {
        const auto created = catalog().create(name);
        REQUIRE(created.is_ok());
        return created->keyspace->space();
    }
    /// Large enough that other blocks than the catalog's hold them.
    void fill(Keyspace space) {
        std::string scratch;
        for (int i = 0; i < kKeys; ++i)
            REQUIRE(put(space.stored(key(i), scratch), std::string(300, 'v')).status.is_ok());
    }
    void lose_head() {
        WriteBatch batch;
        batch.del(kHead);
        REQUIRE(db().write(std::move(batch)).status.is_ok());
    }
    /// Damages the block of the newest table that holds these bytes.
    void corrupt_where(std::string_view bytes) {
        close();
        std::string newest;
        for (const std::string& name : disk_->files("db"))
            if (name.ends_with(".sst")) newest = std::max(newest, "db/" + name);
        const size_t at = disk_->read_file(newest)->find(bytes);
        REQUIRE(at != std::string::npos);
        disk_->corrupt(newest, at);
    }

    /// Repairs db to out and opens that; what the report has in words.
    std::vector<std::string> repair(int expected_code) {
        catalog_.reset();
        close();
        const ToolRun run = run_tool(*disk_, {"repair", "db", "--out", "out", "--json"});
        CAPTURE(run.out, run.err);
        REQUIRE(run.code == expected_code);
        CHECK(run_tool(*disk_, {"verify", "out"}).code == 0);
        report_ = json::parse(run.out);
        auto copy = Db::open(options_, "out");
        REQUIRE(copy.status().to_string() == "ok");
        db_ = std::move(*copy);
        return report_["notes"];
    }
    Status try_catalog() {
        catalog_ = std::make_unique<KeyspaceCatalog>();
        return catalog_->open(db());
    }
    void open_catalog(Db&) { REQUIRE(try_catalog().to_string() == "ok"); }

    int count(std::string_view name) {
        const KeyspacePtr keyspace = catalog().find(name);
        if (keyspace == nullptr) return -1;
        return count(keyspace->space());
    }
    int count(Keyspace space) {
        int found = 0;
        std::string scratch;
        for (int i = 0; i < kKeys; ++i)
            found += db().get(space.stored(key(i), scratch), {})->has_value() ? 1 : 0;
        return found;
    }

    json report_;

  private:
    static std::string key(int i) { return "\xFFkey" + std::to_string(100 + i); }

    std::unique_ptr<KeyspaceCatalog> catalog_;
};

}  // namespace

TEST_CASE_METHOD(RepairedKeyspaces, "kvtool repair: a catalog that lost its head gets a new one") {
    fill(create("orders"));
    fill(create("users"));
    fill(Keyspace(3));
    fill(Keyspace());
    bool loses_manifest = false;
    SECTION("in the tables") {
        lose_head();
        REQUIRE(db().flush().is_ok());
    }
    SECTION("in the log") { lose_head(); }
    SECTION("in the log, and the MANIFEST as well") {
        lose_head();
        loses_manifest = true;
    }
    CHECK(try_catalog().is(Code::kCorruption));
    close();
    for (const std::string& name : disk_->files("db"))
        if (loses_manifest && name.starts_with("MANIFEST"))
            REQUIRE(disk_->remove("db/" + name).is_ok());
    const auto notes = repair(loses_manifest ? 1 : 0);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0] ==
          "the head of the keyspace catalog was lost: a new one was written, the next keyspace "
          "gets number 18");
    CHECK(count("orders") == kKeys);
    CHECK(count("users") == kKeys);
    CHECK(count("3") == kKeys);
    CHECK(count(Keyspace()) == kKeys);
    CHECK(create("new").id() == 18);
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: no number is given again that a lost head had given") {
    create("orders");
    fill(create("dropped"));
    fill(Keyspace(1));
    REQUIRE(db().flush().is_ok());
    REQUIRE(*catalog().drop("dropped"));
    lose_head();
    repair(0);
    CHECK(create("new").id() == 18);
    CHECK(count("new") == 0);
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: with no keyspace but numbered ones, 16 is next") {
    catalog();
    fill(Keyspace(2));
    lose_head();
    repair(0);
    CHECK(count("2") == kKeys);
    CHECK(create("new").id() == 16);
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: a keyspace whose name was lost keeps its keys under a new one") {
    fill(create("orders"));
    fill(create("users"));
    REQUIRE(db().flush().is_ok());
    corrupt_where("kvd keyspaces");  // with the entries, which lie beside it
    const auto notes = repair(1);
    REQUIRE(notes.size() == 3);
    CHECK(notes[1] ==
          "the keyspace of number 17 has keys but no name any more: it is now called recovered.17");
    CHECK(count("orders") == -1);
    CHECK(count("users") == -1);
    CHECK(count("recovered.16") == kKeys);
    CHECK(count("recovered.17") >= kKeys - 2);  // the last of them lay in the damaged block
    CHECK(create("new").id() == 18);
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: a head that is older than its keyspaces is made anew") {
    fill(create("first"));
    REQUIRE(db().flush().is_ok());
    fill(create("second"));
    REQUIRE(db().flush().is_ok());
    corrupt_where("kvd keyspaces");
    const auto notes = repair(1);
    REQUIRE(notes.size() == 2);
    CHECK(notes[1].find("older than its keyspaces") != std::string::npos);
    CHECK(count("first") == kKeys);
    CHECK(count("second") == -1);
    CHECK(count("recovered.17") >= kKeys - 2);
    CHECK(create("new").id() == 18);
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: keys that begin with FF stay those of the default keyspace") {
    catalog();
    fill(Keyspace());
    REQUIRE(db().flush().is_ok());
    corrupt_where("kvd keyspaces");
    repair(1);
    CHECK(count("0") >= kKeys - 2);
    CHECK(db().get(kHead, {})->has_value());
}

TEST_CASE_METHOD(RepairedKeyspaces, "kvtool repair: a sound catalog is left as it is") {
    fill(create("orders"));
    const auto dropped = create("dropped");
    REQUIRE(*catalog().drop("dropped"));
    fill(dropped);  // what was on its way
    const Seqno last = db().published_seqno();
    CHECK(repair(0).empty());
    CHECK(report_["last_seqno"] == last);
    CHECK(count("orders") == kKeys);
    CHECK(count(dropped) == 0);  // deleted as the catalog was opened
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: a store from before keyspaces is not taken for one with them") {
    const std::string like_a_keyspace("\xFF\x01\0\0\0\x10key", 9);
    for (const std::string& key : {std::string("\xFFold"), like_a_keyspace})
        REQUIRE(put(key, std::string(600, 'v')).status.is_ok());
    REQUIRE(put("a", "some value").status.is_ok());
    REQUIRE(put("b", std::string(600, 'v')).status.is_ok());
    REQUIRE(db().flush().is_ok());
    corrupt_where("some value");
    CHECK(repair(1).empty());
    CHECK_FALSE(db().get(kHead, {})->has_value());
    catalog();
    std::string scratch;
    CHECK(db().get(Keyspace().stored("\xFFold", scratch), {})->has_value());
    CHECK(db().get(Keyspace().stored(like_a_keyspace, scratch), {})->has_value());
}

TEST_CASE_METHOD(RepairedKeyspaces,
                 "kvtool repair: what is both of keyspaces and from before them is left alone") {
    catalog();
    fill(Keyspace(1));
    REQUIRE(put("\xFFold", "v").status.is_ok());
    lose_head();
    const auto notes = repair(0);
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("left as it is") != std::string::npos);
    CHECK(try_catalog().is(Code::kCorruption));
}

}  // namespace kv
