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
#include "kv/db.h"

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
    Bytes key() const override { return forward_ ? user_key_of(source_->key()) : Bytes(key_); }
    Bytes value() const override;
    Seqno seqno() const override { return seqno_of_entry_; }
    uint64_t expiry_ms() const override { return expiry_ms_; }

  private:
    enum class Sight : uint8_t { kHidden, kDead, kLive };
    Sight look(Bytes internal_key, Bytes internal_value, uint64_t& expiry_ms);
    void find_forward(bool skip_current);
    void find_backward();
    bool is_before_upper(Bytes user_key) const { return !upper_ || user_key < *upper_; }
    bool is_within_lower(Bytes user_key) const { return !lower_ || user_key >= *lower_; }

    const ViewLease view_;
    const std::unique_ptr<InternalIterator> source_;
    const SnapshotPtr snapshot_;
    const Seqno snapshot_seqno_;
    const uint64_t now_ms_;
    std::optional<std::string> lower_;  // inclusive; the prefix is worked in
    std::optional<std::string> upper_;  // exclusive

    bool valid_ = false;
    bool forward_ = true;
    Seqno seqno_of_entry_ = 0;
    uint64_t expiry_ms_ = 0;
    std::string key_;    // backward: the entry shown; forward: scratch for the key to skip
    std::string value_;  // backward: the entry shown, internal form
    Status status_;
};

/// The entries that a walk over `view` has to merge: all memtables and tables.
std::unique_ptr<InternalIterator> new_view_source(const ReadView& view, TableCache& tables,
                                                  const ReadOptions& options);

}  // namespace kv::db
