// The catalog of keyspaces over a whole store: creating, dropping, restart, crash.
// SPDX-License-Identifier: Apache-2.0
#include "kv/keyspace_catalog.h"

#include "db/keyspace_setup.h"
#include "db_fixture.h"
#include "record/doc_hex.h"

using namespace kv;
using namespace kv::test;

namespace {

class Catalogs : public DbFixture {
  public:
    KeyspaceCatalog& catalog() {
        if (catalog_ == nullptr) {
            catalog_ = std::make_unique<KeyspaceCatalog>();
            const Status status = catalog_->open(db());
            INFO(status.to_string());
            REQUIRE(status.is_ok());
        }
        return *catalog_;
    }
    void restart() {
        catalog_.reset();
        reopen();
    }
    KeyspacePtr create(std::string_view name) {
        auto created = catalog().create(name);
        INFO(created.status().to_string());
        REQUIRE(created.is_ok());
        return created->keyspace;
    }
    void put_in(const Keyspace& space, Bytes key, Bytes value) {
        std::string scratch;
        REQUIRE(put(space.stored(key, scratch), value).status.is_ok());
    }
    std::string get_in(const Keyspace& space, Bytes key) {
        std::string scratch;
        return get(space.stored(key, scratch));
    }
    std::string names() {
        std::string text;
        for (const KeyspaceStats& stats : catalog().list()) {
            text += (text.empty() ? "" : " ") + stats.name + "=" + std::to_string(stats.id);
        }
        return text;
    }

    std::unique_ptr<KeyspaceCatalog> catalog_;
};

}  // namespace

TEST_CASE_METHOD(Catalogs, "keyspace catalog: a new store has the numbered ones and no other") {
    CHECK(names() == "0=0");
    CHECK(catalog().default_keyspace()->space().is_default());
    for (uint32_t n = 0; n < KeyspaceCatalog::kNumbered; ++n) {
        CHECK(catalog().numbered(n)->space().id() == n);
        CHECK(catalog().find(std::to_string(n)) == catalog().numbered(n));
        CHECK(catalog().create(std::to_string(n))->keyspace == catalog().numbered(n));
    }
    CHECK(catalog().find("16") == nullptr);
    CHECK(catalog().find("") == nullptr);
    CHECK(catalog().find("01") == nullptr);
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: a keyspace is made once and found again") {
    const auto first = catalog().create("orders");
    REQUIRE(first.is_ok());
    CHECK(first->is_new);
    CHECK(first->keyspace->space().id() == 16);
    CHECK(first->keyspace->name() == "orders");
    const auto again = catalog().create("orders");
    REQUIRE(again.is_ok());
    CHECK_FALSE(again->is_new);
    CHECK(again->keyspace == first->keyspace);
    CHECK(catalog().find("orders") == first->keyspace);
    CHECK(create("users")->space().id() == 17);
    CHECK(names() == "0=0 orders=16 users=17");
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: there are so many and no more") {
    for (size_t i = 0; i < KeyspaceCatalog::kMaxNamed; ++i) create("k" + std::to_string(i));
    CHECK(catalog().create("one-more").status().is(Code::kNoSpace));
    CHECK(catalog().create("k7").is_ok());
    CHECK(catalog().drop("k7").value());
    CHECK(catalog().create("one-more").is_ok());
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: names are short and plain") {
    CHECK(KeyspaceCatalog::check_name("a").is_ok());
    CHECK(KeyspaceCatalog::check_name("A-z_0.9").is_ok());
    CHECK(KeyspaceCatalog::check_name(std::string(64, 'x')).is_ok());
    for (const std::string& bad : {std::string(), std::string(65, 'x'), std::string("a b"),
                                   std::string("a/b"), std::string("\xC3\xA4"), std::string(1, 0)})
        CHECK(catalog().create(bad).status().is(Code::kInvalidArgument));
    CHECK(names() == "0=0");
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: keyspaces survive a power failure once made") {
    const Keyspace orders = create("orders")->space();
    put_in(orders, "k", "1");
    catalog_.reset();
    crash(CrashOptions::lose_all());
    CHECK(names() == "0=0 orders=16");
    CHECK(get_in(catalog().find("orders")->space(), "k") == "1");
    CHECK(create("users")->space().id() == 17);
}

TEST_CASE_METHOD(Catalogs,
                 "keyspace catalog: a dropped keyspace is gone and its number is not "
                 "given again, a restart between or not") {
    const KeyspacePtr old = create("orders");
    const Keyspace users = create("users")->space();
    put_in(old->space(), "a", "1");
    put_in(old->space(), "\xFF", "2");
    put_in(users, "a", "3");
    put_in(Keyspace(), "a", "4");
    CHECK(catalog().drop("orders").value());
    CHECK(old->is_dropped());
    CHECK(catalog().find("orders") == nullptr);
    CHECK_FALSE(catalog().drop("orders").value());
    CHECK(get_in(old->space(), "a") == "-");
    CHECK(get_in(users, "a") == "3");
    CHECK(get("a") == "4");
    CHECK(create("orders")->space().id() == 18);
    CHECK(catalog().drop("orders").value());
    restart();
    CHECK(names() == "0=0 users=17");
    CHECK(create("orders")->space().id() == 19);
    CHECK(get_in(catalog().find("orders")->space(), "a") == "-");
}

TEST_CASE_METHOD(Catalogs,
                 "keyspace catalog: a numbered one is emptied and stays, the default one "
                 "cannot be dropped") {
    const KeyspacePtr three = catalog().numbered(3);
    put_in(three->space(), "a", "1");
    put_in(Keyspace(), "a", "2");
    CHECK(catalog().drop("3").value());
    CHECK_FALSE(three->is_dropped());
    CHECK(get_in(three->space(), "a") == "-");
    CHECK(catalog().find("3") == three);
    CHECK(catalog().drop("0").status().is(Code::kInvalidArgument));
    CHECK(get("a") == "2");
}

TEST_CASE_METHOD(Catalogs,
                 "keyspace catalog: what was written behind a drop is deleted at opening") {
    create("a");
    const Keyspace dropped = create("b")->space();
    const Keyspace after = create("c")->space();
    put_in(after, "k", "stays");
    CHECK(catalog().drop("b").value());
    put_in(dropped, "late", "1");
    restart();
    CHECK(get_in(dropped, "late") == "1");
    CHECK(names() == "0=0 a=16 c=18");
    CHECK(get_in(dropped, "late") == "-");
    CHECK(get_in(after, "k") == "stays");
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: counts keys, reads, hits, writes and deletes") {
    const KeyspacePtr orders = create("orders");
    for (const char* key : {"a", "b", "c"}) put_in(orders->space(), key, "1");
    put_in(Keyspace(), "x", "1");
    put_in(Keyspace(), "\xFFy", "1");
    orders->count_reads(3, 2);
    orders->count_reads(1, 0);
    orders->count_writes(3, 0);
    orders->count_writes(0, 1);
    const auto all = catalog().list();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "0");
    CHECK(all[0].approximate_keys == 2);  // neither the catalog nor other keyspaces
    CHECK(all[0].reads == 0);
    CHECK(all[1].approximate_keys == 3);
    CHECK(all[1].reads == 4);
    CHECK(all[1].hits == 2);
    CHECK(all[1].writes == 3);
    CHECK(all[1].deletes == 1);
    CHECK(catalog().list("ord").size() == 1);
    CHECK(catalog().list("x").empty());
    catalog().numbered(7)->count_reads(1, 0);
    CHECK(names() == "0=0 7=7 orders=16");
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: counts small keyspaces right in tables too") {
    const KeyspacePtr orders = create("orders");
    for (int i = 0; i < 2000; ++i) put_in(Keyspace(), "key" + std::to_string(i), "1");
    for (const char* key : {"a", "b", "c"}) put_in(orders->space(), key, "1");
    put_in(create("users")->space(), "a", "1");
    REQUIRE(db().flush().is_ok());
    const auto all = catalog().list();
    REQUIRE(all.size() == 3);
    CHECK(all[0].approximate_keys == 2000);
    CHECK(all[1].approximate_keys == 3);
    CHECK(all[2].approximate_keys == 1);
    REQUIRE(db().compact_all().is_ok());
    CHECK(catalog().list()[0].approximate_keys > 1900);
    CHECK(catalog().list()[1].approximate_keys == 3);
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: the head is as the document shows") {
    create("orders");
    CHECK(get(Keyspace::kCatalogPrefix) == doc_bytes("keyspaces.md", "catalog head"));
    CHECK(get(kv::db::catalog_key("orders")) == std::string("\x00\x00\x00\x10", 4));
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: a failed write leaves things as they were") {
    const KeyspacePtr orders = create("orders");
    put_in(orders->space(), "k", "1");
    options_.max_key_bytes = 5;
    catalog_.reset();
    reopen();
    CHECK(catalog().create("too-long").status().is(Code::kInvalidArgument));
    CHECK(catalog().find("too-long") == nullptr);
    const KeyspacePtr again = catalog().find("orders");
    CHECK(catalog().drop("orders").status().is(Code::kInvalidArgument));
    CHECK_FALSE(again->is_dropped());
    CHECK(catalog().find("orders") == again);
    CHECK(get_in(again->space(), "k") == "1");
}

TEST_CASE_METHOD(Catalogs, "keyspace catalog: damaged entries are corruption that names them") {
    const auto refused = [&](const std::string& key, const std::string& value, Code code) {
        const std::string before = get(key);
        REQUIRE(put(key, value).status.is_ok());
        KeyspaceCatalog other;
        const Status status = other.open(db());
        INFO(status.to_string());
        CHECK(status.is(code));
        if (before == "-") {
            REQUIRE(db().del(key).status.is_ok());
        } else {
            REQUIRE(put(key, before).status.is_ok());
        }
    };
    create("orders");
    const std::string id(kv::db::catalog_key("x"));
    refused(id, "", Code::kCorruption);
    refused(id, std::string("\x00\x00\x00\x10", 4), Code::kCorruption);  // of orders
    refused(id, std::string("\x00\x00\x00\x11", 4), Code::kCorruption);  // not given yet
    refused(id, std::string("\x00\x00\x00\x0F", 4), Code::kCorruption);  // a numbered one
    refused(kv::db::catalog_key("a b"), std::string("\x00\x00\x00\x10", 4), Code::kCorruption);
    std::string head = get(kv::db::catalog_key(""));
    refused(kv::db::catalog_key(""), head.substr(0, 15), Code::kCorruption);
    refused(kv::db::catalog_key(""), head + "x", Code::kCorruption);
    head[17] = 2;
    refused(kv::db::catalog_key(""), head, Code::kUnsupported);
    KeyspaceCatalog other;
    CHECK(other.open(db()).is_ok());
}
