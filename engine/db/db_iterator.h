// DbIterator: the user's walk over a pinned view: of each user key the newest version at the
// snapshot, if it is live.
//
// Going forward the source stands on the entry shown. Going backward it stands just before all
// versions of the key shown, which is kept as a copy, since the newest version of a key is met
// last. Thread rule: one thread at a time. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "db/read_view.h"
#include "iterator/internal_iterator.h"
#include "iterator/key_copy.h"
#include "kv/db.h"
#include "record/internal_key.h"

namespace kv::db {

class DbIterator final : public Iterator {
  public:
    /// `snapshot` is held as long as the iterator lives; `view` keeps the source's memory.
    DbIterator(ViewLease view, std::unique_ptr<InternalIterator> source, SnapshotPtr snapshot,
               Seqno seqno, uint64_t now_ms, const ScanOptions& options);

    bool valid() const override { return valid_; }
    Status status() const override { return status_.is_ok() ? source_->status() : status_; }
    void seek_to_first() override;
    void seek_to_last() override;
    void seek(Bytes key) override;
    void seek_for_prev(Bytes key) override;
    void next() override;
    void prev() override;
    Bytes key() const override { return forward_ ? user_key_of(at_.key) : key_.bytes(); }
    Bytes value() const override;
    Seqno seqno() const override { return seqno_of_entry_; }
    uint64_t expiry_ms() const override { return expiry_ms_; }

  private:
    enum class Sight : uint8_t { kHidden, kDead, kLive };
    /// A bound of the walk with its first 8 bytes as an integer, which decide nearly always.
    struct Bound {
        std::string key;
        uint64_t prefix = 0;
        bool is_set = false;

        void set(std::string bound);
        /// Whether `user_key` sorts before it.
        bool is_above(Bytes user_key) const;
    };

    Sight look(const InternalEntry& entry, uint64_t& expiry_ms);
    Sight look_closer(const InternalEntry& entry, uint64_t& expiry_ms);
    void find_forward(bool skip_current);
    void find_backward();
    void source_seek(Bytes user_key, uint64_t trailer);
    void source_seek_for_prev(Bytes user_key, uint64_t trailer);

    const ViewLease view_;
    const std::unique_ptr<InternalIterator> source_;
    const SnapshotPtr snapshot_;
    const uint64_t snapshot_trailer_;  // no entry with a smaller one is visible
    const uint64_t now_ms_;
    Bound lower_;  // inclusive; the prefix is worked in
    Bound upper_;  // exclusive

    InternalEntry at_;           // where source_ stands
    bool source_valid_ = false;  // whether it stands anywhere
    bool valid_ = false;
    bool forward_ = true;
    Seqno seqno_of_entry_ = 0;
    uint64_t expiry_ms_ = 0;
    KeyCopy key_;        // backward: the entry shown; forward: the key to skip
    std::string value_;  // backward: the entry shown, internal form
    std::string target_;
    Status status_;
};

}  // namespace kv::db
