// See salvage_keyspaces.h. Stored keys from FF on are looked at as a read would show them, but only
// one key of each keyspace.
// SPDX-License-Identifier: Apache-2.0
#include "tools/salvage_keyspaces.h"

#include <algorithm>
#include <set>

#include "db/keyspace_setup.h"
#include "kv/keyspace.h"
#include "kv/keyspace_catalog.h"
#include "record/internal_key.h"
#include "tools/merged_tables.h"

namespace kv::tools {

namespace {

constexpr std::string_view kFirst = "\xFF";       // no other key is stored as something else
constexpr std::string_view kBehind = "\xFF\x03";  // of the forms that keyspaces have
constexpr size_t kIdOffset = 2;
/// More keyspaces than a store can have, with many that were dropped.
constexpr size_t kMostKeyspaces = 4 * KeyspaceCatalog::kMaxNamed;
/// A larger number, on a key that nobody can read any more, was none: it may be from before
/// keyspaces.
constexpr uint32_t kMostLikelyId = 1U << 24;

std::string number_words(uint32_t id) { return "number " + std::to_string(id); }

/// The visible entries of tables, in order.
class VisibleWalk {
  public:
    VisibleWalk(const MergedTables& tables, std::vector<RangeTombstone> tombstones)
        : it_(tables.new_iterator()), deletes_(RangeTombstoneSet::build(std::move(tombstones))) {}

    void seek(Bytes key) {
        it_->seek(make_seek_key(key, kMaxSeqno));
        pass_hidden();
    }
    void next() {
        pass_key();
        pass_hidden();
    }
    bool valid() const { return it_->valid(); }
    Status status() const { return it_->status(); }
    Bytes key() const { return user_key_of(it_->key()); }
    Bytes value() const {
        const bool expires = trailer_kind(trailer_of(it_->key())) == Kind::kPutWithExpiry;
        return it_->value().substr(expires ? kExpiryBytes : 0);
    }
    /// The largest number of a keyspace that keys passed on the way have, hidden ones included.
    uint32_t largest_id() const { return largest_id_; }

  private:
    void pass_hidden() {
        for (; it_->valid(); pass_key()) {
            note_id(key());
            const uint64_t trailer = trailer_of(it_->key());
            if (trailer_kind(trailer) != Kind::kDelete &&
                deletes_->covering(key(), kMaxSeqno) < trailer_seqno(trailer))
                return;
        }
    }
    void pass_key() {
        const std::string passed(key());
        while (it_->valid() && key() == passed) it_->next();
    }
    void note_id(Bytes key) {
        if (key.size() < Keyspace::kMaxPrefixBytes || key < Keyspace(1).first() ||
            key >= Keyspace::kCatalogPrefix)
            return;
        const uint32_t id = db::decode_keyspace_id(key.substr(kIdOffset));
        if (id < kMostLikelyId) largest_id_ = std::max(largest_id_, id);
    }

    const std::unique_ptr<InternalIterator> it_;
    const RangeTombstoneSetPtr deletes_;
    uint32_t largest_id_ = 0;
};

class CatalogCheck {
  public:
    CatalogCheck(VisibleWalk& walk, bool has_losses) : walk_(walk), has_losses_(has_losses) {}

    Result<CatalogRepair> run() {
        look_at_keys();
        if (!look_at_catalog()) return CatalogRepair();
        walk_.seek(kBehind);
        is_foreign_ = is_foreign_ || walk_.valid();
        KV_RETURN_IF_ERROR(walk_.status());
        if (!had_keyspaces()) return std::move(repair_);
        name_nameless();
        renew_head();
        return std::move(repair_);
    }

  private:
    void look_at_keys() {
        walk_.seek(kFirst);
        if (walk_.valid() && walk_.key() == kFirst) {
            is_foreign_ = true;
            walk_.next();
        }
        const std::string end = Keyspace().end();  // of the keys that begin with FF and were moved
        has_keys_ = walk_.valid() && walk_.key() < end;
        walk_.seek(end);
        while (walk_.valid() && walk_.key() < Keyspace::kCatalogPrefix) {
            const Bytes key = walk_.key();
            const uint32_t id = key.size() < Keyspace::kMaxPrefixBytes
                                    ? 0
                                    : db::decode_keyspace_id(key.substr(kIdOffset));
            if (id == 0 || ids_.size() >= kMostKeyspaces) {
                is_foreign_ = true;
                return;
            }
            has_keys_ = true;
            is_certain_ = is_certain_ || db::is_of_keyspaces(key, walk_.value());
            ids_.insert(id);
            walk_.seek(Keyspace(id).end());
        }
    }

    /// False when the head is one that this program must not touch.
    bool look_at_catalog() {
        walk_.seek(Keyspace::kCatalogPrefix);
        if (walk_.valid() && walk_.key() == Keyspace::kCatalogPrefix) {
            const auto head = db::decode_catalog_head(walk_.value());
            if (!head) return false;
            head_ = *head;
            is_foreign_ = is_foreign_ || !head_;
            walk_.next();
        }
        for (; walk_.valid() && walk_.key() < kBehind; walk_.next()) {
            if (!db::is_of_keyspaces(walk_.key(), walk_.value())) {
                is_foreign_ = true;
                return true;
            }
            is_certain_ = true;
            const Bytes name = walk_.key().substr(Keyspace::kCatalogPrefix.size());
            names_.emplace(name);
            named_ids_.insert(db::decode_keyspace_id(walk_.value()));
        }
        return true;
    }

    /// Whether the store had a catalog. Without a head, keys must look as keyspaces store them.
    bool had_keyspaces() {
        if (head_) return true;
        if (!is_foreign_) return is_certain_ || (has_losses_ && has_keys_);
        if (is_certain_) {
            repair_.notes.emplace_back(
                "the head of the keyspace catalog is missing, and besides keys of keyspaces there "
                "are keys from before them: the catalog was left as it is, the server will refuse "
                "the copy");
        }
        return false;
    }

    void name_nameless() {
        if (head_ && !has_losses_) return;
        for (const uint32_t id : ids_) {
            if (id < KeyspaceCatalog::kNumbered || named_ids_.count(id) != 0) continue;
            std::string name = "recovered." + std::to_string(id);
            while (names_.count(name) != 0) name += '_';
            repair_.notes.push_back("the keyspace of " + number_words(id) +
                                    " has keys but no name any more: it is now called " + name);
            repair_.names.emplace(id, std::move(name));
        }
    }

    void renew_head() {
        uint32_t next_id = KeyspaceCatalog::kNumbered;
        const auto see = [&](uint32_t id) {
            if (id != UINT32_MAX) next_id = std::max(next_id, id + 1);
        };
        if (!ids_.empty()) see(*ids_.rbegin());
        if (!named_ids_.empty()) see(*named_ids_.rbegin());
        if (head_ && next_id <= *head_) return;
        see(walk_.largest_id());
        repair_.notes.push_back(std::string("the head of the keyspace catalog was ") +
                                (head_ ? "older than its keyspaces" : "lost") +
                                ": a new one was written, the next keyspace gets " +
                                number_words(next_id));
        repair_.next_id = next_id;
    }

    VisibleWalk& walk_;
    const bool has_losses_;
    std::optional<uint32_t> head_;
    std::set<uint32_t> ids_;        // of keyspaces that have keys
    std::set<uint32_t> named_ids_;  // of those in the catalog
    std::set<std::string, std::less<>> names_;
    bool has_keys_ = false;    // from FF on, that look as keyspaces store them
    bool is_foreign_ = false;  // there is a key from FF on that does not
    bool is_certain_ = false;  // there is one that only keyspaces store so
    CatalogRepair repair_;
};

}  // namespace

Result<CatalogRepair> find_catalog_repair(FileSystem& fs, const std::string& dir,
                                          const std::vector<FileMetaPtr>& tables, bool has_losses) {
    std::vector<FileMetaPtr> reaching;
    std::copy_if(tables.begin(), tables.end(), std::back_inserter(reaching),
                 [](const FileMetaPtr& file) { return user_key_of(file->largest) >= kFirst; });
    if (reaching.empty()) return CatalogRepair();
    const MergedTables merged(fs, dir, std::move(reaching));
    KV_ASSIGN_OR_RETURN(std::vector<RangeTombstone> tombstones, merged.range_tombstones());
    VisibleWalk walk(merged, std::move(tombstones));
    return CatalogCheck(walk, has_losses).run();
}

}  // namespace kv::tools
