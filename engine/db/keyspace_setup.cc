// See keyspace_setup.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/keyspace_setup.h"

#include <vector>

#include "kv/keyspace_catalog.h"

namespace kv::db {
namespace {

// Stored on disk, never change. Long enough that no store of before holds it by chance.
constexpr std::string_view kMagic = "kvd keyspaces\n";
constexpr uint32_t kVersion = 1;
// Dead entries that the look for a lost key passes over before it gives up and deletes unseen.
constexpr uint64_t kMaxSkipped = 1000;

void append_u32(uint32_t value, std::string& out) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

Status bad_entry(Bytes key, std::string_view what) {
    return Status::corruption("keyspace catalog: the entry \"" + escape_bytes(key, 80) + "\" " +
                              std::string(what) + ": restore the store from a backup");
}

/// Reads the head alone.
Result<std::optional<uint32_t>> find_head(Db& db) {
    KV_ASSIGN_OR_RETURN(const auto entry, db.get(catalog_key("")));
    if (!entry) return std::optional<uint32_t>();
    return decode_catalog_head(entry->value);
}

Status cannot_move(std::string_view why) {
    return {Code::kUnsupported,
            "the store is from before keyspaces and its keys that begin with FF, which have to be "
            "moved all at once, cannot be: " +
                std::string(why) + "; delete them with the version that wrote them"};
}

Status head_is_lost(Bytes key) {
    return Status::corruption(
        "keyspace catalog: its head is missing, but \"" + escape_bytes(key, 80) +
        "\" is stored as keyspaces are: what is there would be taken for keys from before them; "
        "restore the store from a backup");
}

/// The first catalog, and the keys that used to be stored as they are.
Status write_first(Db& db) {
    struct Moved {
        std::string key;
        Entry entry;
    };
    std::vector<Moved> moved;
    uint64_t bytes = 0;
    ScanOptions options;
    options.lower = "\xFF";
    options.fill_cache = false;
    const Keyspace space;
    const auto walk = db.new_iterator(options);
    for (walk->seek_to_first(); walk->valid(); walk->next()) {
        if (is_of_keyspaces(walk->key(), walk->value())) return head_is_lost(walk->key());
        std::string scratch;
        const Bytes key = space.stored(walk->key(), scratch);
        bytes += key.size() + walk->value().size();
        if (bytes > kMaxBatchBytes) return cannot_move("they take more than a batch may");
        moved.push_back({std::string(key), {std::string(walk->value()), 0, walk->expiry_ms()}});
    }
    KV_RETURN_IF_ERROR(walk->status());
    WriteBatch batch;
    // The old forms first: what one key is moved to may be where another one was.
    if (!moved.empty()) batch.delete_range("\xFF", std::nullopt);
    for (const Moved& each : moved) {
        if (each.entry.expiry_ms != 0) {
            batch.put_with_expiry(each.key, each.entry.value, each.entry.expiry_ms);
        } else {
            batch.put(each.key, each.entry.value);
        }
    }
    batch.put(catalog_key(""), encode_catalog_head(KeyspaceCatalog::kNumbered));
    const Status status = db.write(std::move(batch), Durability::kDisk).status;
    // A key that is too long with one byte more, or a batch that is too large with its framing.
    return status.is(Code::kInvalidArgument) ? cannot_move(status.message()) : status;
}

Status read_entry(Bytes key, Bytes value, StoredCatalog& catalog) {
    const Bytes name = key.substr(Keyspace::kCatalogPrefix.size());
    if (!KeyspaceCatalog::check_name(name).is_ok()) return bad_entry(key, "is no name");
    if (value.size() != 4) return bad_entry(key, "has a wrong length");
    const uint32_t id = decode_keyspace_id(value);
    if (id < KeyspaceCatalog::kNumbered || id >= catalog.next_id) {
        return bad_entry(key, "has the number " + std::to_string(id) + ", which was never given");
    }
    if (!catalog.names.emplace(id, std::string(name)).second) {
        return bad_entry(key, "has the number of another keyspace");
    }
    return Status::ok();
}

}  // namespace

std::string catalog_key(std::string_view name) {
    return std::string(Keyspace::kCatalogPrefix) + std::string(name);
}

std::string encode_keyspace_id(uint32_t id) {
    std::string value;
    append_u32(id, value);
    return value;
}

std::string encode_catalog_head(uint32_t next_id) {
    std::string value(kMagic);
    append_u32(kVersion, value);
    append_u32(next_id, value);
    return value;
}

uint32_t decode_keyspace_id(Bytes bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

Result<std::optional<uint32_t>> decode_catalog_head(Bytes value) {
    if (!value.starts_with(kMagic)) return std::optional<uint32_t>();
    value.remove_prefix(kMagic.size());
    if (value.size() < 4) return bad_entry(Keyspace::kCatalogPrefix, "is cut short");
    const uint32_t version = decode_keyspace_id(value);
    if (version != kVersion) {
        return Status(Code::kUnsupported, "keyspace catalog: version " + std::to_string(version) +
                                              "; this program knows " + std::to_string(kVersion) +
                                              ": use the newer one");
    }
    if (value.size() != 8) return bad_entry(Keyspace::kCatalogPrefix, "has a wrong length");
    return std::optional<uint32_t>(decode_keyspace_id(value.substr(4)));
}

bool is_of_keyspaces(Bytes key, Bytes value) {
    if (key.starts_with(Keyspace::kCatalogPrefix)) {
        const Bytes name = key.substr(Keyspace::kCatalogPrefix.size());
        return KeyspaceCatalog::check_name(name).is_ok() && value.size() == 4;
    }
    return key >= Keyspace(1).first() && key < Keyspace(KeyspaceCatalog::kNumbered).first();
}

Result<StoredCatalog> load_catalog(Db& db) {
    KV_ASSIGN_OR_RETURN(std::optional<uint32_t> next_id, find_head(db));
    if (!next_id) {
        KV_RETURN_IF_ERROR(write_first(db).with_context("writing the keyspace catalog"));
        next_id = KeyspaceCatalog::kNumbered;
    }
    StoredCatalog catalog;
    catalog.next_id = *next_id;
    if (catalog.next_id < KeyspaceCatalog::kNumbered) {
        return bad_entry(Keyspace::kCatalogPrefix, "is out of range");
    }
    ScanOptions options;
    options.lower = catalog_key("") + '\0';
    options.prefix = Keyspace::kCatalogPrefix;
    const auto walk = db.new_iterator(options);
    for (walk->seek_to_first(); walk->valid(); walk->next()) {
        KV_RETURN_IF_ERROR(read_entry(walk->key(), walk->value(), catalog));
    }
    KV_RETURN_IF_ERROR(walk->status());
    return catalog;
}

Status delete_orphans(Db& db, const StoredCatalog& catalog) {
    WriteBatch batch;
    // [from, to) are ids without an entry.
    const auto look = [&](uint32_t from, uint32_t to) -> Status {
        if (from == to) return Status::ok();
        ScanOptions options;
        options.lower = Keyspace(from).first();
        options.upper = Keyspace(to).first();
        options.max_skipped = kMaxSkipped;
        const auto walk = db.new_iterator(options);
        walk->seek_to_first();
        if (walk->valid() || walk->budget_exhausted()) {
            batch.delete_range(*options.lower, Bytes(*options.upper));
        }
        return walk->valid() ? Status::ok() : walk->status();
    };
    uint32_t from = KeyspaceCatalog::kNumbered;
    for (const auto& [id, name] : catalog.names) {
        KV_RETURN_IF_ERROR(look(from, id));
        from = id + 1;
    }
    KV_RETURN_IF_ERROR(look(from, catalog.next_id));
    return batch.empty() ? Status::ok() : db.write(std::move(batch), Durability::kDisk).status;
}

}  // namespace kv::db
