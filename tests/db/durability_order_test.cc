// The order of file operations, held to engine/docs/durability.md: each golden list on that page is
// what the journal of the simulated disk shows when the engine does it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "db/db_fixture.h"

using namespace kv;
using kv::test::DbFixture;
using kv::test::Fault;

namespace {

/// The operations of list `name` in durability.md, one a line, without the comments after "|".
std::string operations_of(const std::string& name) {
    std::ifstream in(std::string(KV_SOURCE_DIR) + "/engine/docs/durability.md");
    const std::string marker = "<!-- golden: " + name + " -->";
    std::string line, text;
    while (std::getline(in, line) && line != marker) {
    }
    std::getline(in, line);
    if (!in || line != "```") throw std::runtime_error("durability.md has no list " + name);
    while (std::getline(in, line) && line != "```") {
        line.erase(std::min(line.find('|'), line.size()));
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + '\n';
    }
    return text;
}

/// A store whose disk tells what has happened since begin().
class Watched : public DbFixture {
  public:
    void begin() {
        executor_.run_until_idle();
        from_ = disk_->operation_count();
    }
    std::string operations() {
        executor_.run_until_idle();
        if (from_ != 0) return disk_->journal_text("db", from_);
        // From the very beginning, the directory itself and its parent, which has no name, count.
        std::string text = disk_->journal_text("");
        const std::string parent = "sync_dir \n";
        text.replace(text.find(parent), parent.size(), "sync_dir ..\n");
        return text;
    }

  private:
    uint64_t from_ = 0;
};

}  // namespace

TEST_CASE("durability: a new store and its first durable write") {
    Watched f;
    f.open();
    CHECK(f.operations() == operations_of("new store"));
    f.begin();
    REQUIRE(f.put("a", "1").status.is_ok());
    CHECK(f.operations() == operations_of("first write"));
}

TEST_CASE("durability: a durable write into a segment in use is one write and one sync") {
    Watched f;
    REQUIRE(f.put("a", "1").status.is_ok());
    f.begin();
    REQUIRE(f.put("b", "2").status.is_ok());
    CHECK(f.operations() == operations_of("durable write"));
}

TEST_CASE("durability: weaker writes go to the log in order and are not synced") {
    Watched f;
    REQUIRE(f.put("a", "1").status.is_ok());
    f.begin();
    REQUIRE(f.put("b", "2", Durability::kMemory).status.is_ok());
    REQUIRE(f.put("c", "3", Durability::kOs).status.is_ok());
    CHECK(f.operations() == operations_of("weak writes"));
}

TEST_CASE("durability: a segment is sealed before the next one is begun") {
    Watched f;
    REQUIRE(f.put("a", std::string(40'000, 'x')).status.is_ok());
    f.begin();
    REQUIRE(f.put("b", std::string(40'000, 'x')).status.is_ok());
    CHECK(f.operations() == operations_of("next segment"));
}

TEST_CASE("durability: where nobody waits the next segment begins before the seal") {
    Watched f;
    REQUIRE(f.put("a", std::string(40'000, 'x')).status.is_ok());
    f.begin();
    REQUIRE(f.put("b", std::string(40'000, 'x'), Durability::kOs).status.is_ok());
    CHECK(f.operations() == operations_of("next segment, nobody waits"));
}

TEST_CASE("durability: a flush lets go of the log only once the MANIFEST is durable") {
    Watched f;
    REQUIRE(f.put("a", std::string(28'000, 'x')).status.is_ok());
    REQUIRE(f.put("b", std::string(28'000, 'x')).status.is_ok());
    REQUIRE(f.put("c", std::string(3'000, 'x')).status.is_ok());
    REQUIRE(f.put("d", std::string(30'000, 'x')).status.is_ok());
    f.begin();
    REQUIRE(f.db().flush().is_ok());
    CHECK(f.operations() == operations_of("flush"));
}

TEST_CASE("durability: a compaction unlinks its inputs last") {
    Watched f;
    REQUIRE(f.put("a", "1").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    REQUIRE(f.put("a", "2").status.is_ok());
    REQUIRE(f.db().flush().is_ok());
    f.begin();
    REQUIRE(f.db().compact_all().is_ok());
    CHECK(f.operations() == operations_of("compaction"));
}

TEST_CASE("durability: the first edit after open starts a new MANIFEST") {
    Watched f;
    REQUIRE(f.put("a", "1").status.is_ok());
    f.executor_.run_until_idle();
    f.close();
    f.begin();
    f.open();
    f.executor_.run_until_idle();
    CHECK(f.operations() == operations_of("reopen"));
    f.crash(kv::test::CrashOptions::lose_all());
    CHECK(f.get("a") == "1");
}

TEST_CASE("durability: what a failed sync left in doubt is logged again in a fresh segment") {
    Watched f;
    REQUIRE(f.put("a", "1").status.is_ok());
    f.begin();
    f.disk_->fail_at(f.disk_->operation_count(), Fault::kSyncFails);
    REQUIRE(f.put("b", "2").status.is(Code::kInDoubt));
    CHECK(f.operations() == operations_of("failed sync"));
    REQUIRE(f.put("c", "3").status.is_ok());
    f.crash();
    CHECK(f.scan() == "a=1 b=2 c=3");
}
