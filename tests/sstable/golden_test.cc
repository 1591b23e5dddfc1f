// The worked example of engine/docs/sstable_format.md is what the builder writes, byte for byte.
// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <sstream>

#include "base/coding.h"
#include "sstable/table_fixture.h"

using namespace kv;
using namespace kv::test;

namespace {

/// The bytes of the document's hex lines: offset, two blanks, bytes, two blanks, remark.
std::string documented_bytes() {
    std::ifstream file(KV_SOURCE_DIR "/engine/docs/sstable_format.md");
    REQUIRE(file.good());
    std::string bytes, line;
    bool in_example = false;
    while (std::getline(file, line)) {
        if (line.starts_with("## ")) in_example = line.starts_with("## 4. Worked example");
        const bool is_hex_line = in_example && line.size() > 6 && line.substr(4, 2) == "  " &&
                                 line.find_first_not_of("0123456789abcdef") == 4;
        if (!is_hex_line) continue;
        REQUIRE(std::stoul(line.substr(0, 4), nullptr, 16) == bytes.size());
        std::istringstream hex(line.substr(6, line.find("  ", 6) - 6));
        for (std::string byte; hex >> byte;)
            bytes.push_back(static_cast<char>(std::stoul(byte, nullptr, 16)));
    }
    return bytes;
}

EntryList example_entries() {
    std::string expiring;
    put_fixed64(expiring, 1'700'000'000'000);
    return {{make_internal_key("apple", 3, Kind::kPut), "red"},
            {make_internal_key("apricot", 2, Kind::kDelete), ""},
            {make_internal_key("banana", 4, Kind::kPutWithExpiry), expiring + "soon"}};
}

}  // namespace

TEST_CASE("table format document: its example is what the builder writes") {
    TableFixture f;
    TableOptions options;
    options.reason = TableReason::kFlush;
    f.build(example_entries(), options, {{"b", "c", 5}});
    CHECK(documented_bytes() == f.file());
}

TEST_CASE("table format document: its example is read back as the text says") {
    TableFixture f;
    f.fs.write_file(f.path, documented_bytes());
    const auto table = f.open();
    CHECK(table->verify().to_string() == "ok");
    const EntryList entries = example_entries();
    const auto it = table->new_iterator();
    it->seek_to_first();
    for (size_t i = 0; i <= entries.size(); ++i) {
        require_same_entry(*it, entries, i);
        if (it->valid()) it->next();
    }
    CHECK(table_reason_name(table->properties().reason) == "flush");
    REQUIRE(table->range_tombstones() != nullptr);
    CHECK(table->range_tombstones()->covering("b", kMaxSeqno) == 5);
    CHECK(table->range_tombstones()->covering("c", kMaxSeqno) == 0);
}
