// See scan_stream.h.
// An iterator's views last until its next move, so a chunk gathers copies before it is encoded.
// SPDX-License-Identifier: Apache-2.0
#include "server/scan_stream.h"

#include <algorithm>

#include "kv/clock.h"
#include "protocol/resume_token.h"
#include "server/sliced_walk.h"
#include "server/stored_keys.h"

namespace kv::server {
namespace {

// exhausted, entry count, token length: what a chunk holds besides entries and the token's bytes.
constexpr size_t kChunkFixedBytes = 1 + 4 + 4;
// direction, seqno, key length, checksum: a resume token besides its key.
constexpr size_t kTokenFixedBytes = 1 + 8 + 4 + 8;
constexpr uint64_t kNoRoomRetryMs = 1000;

}  // namespace

Result<std::unique_ptr<ScanStream>> ScanStream::create(Db& db, const RequestInfo& info,
                                                       const protocol::ScanRequest& request,
                                                       SnapshotPtr snapshot,
                                                       uint32_t max_frame_bytes,
                                                       KeyspacePtr keyspace) {
    const Keyspace space = keyspace->space();
    std::unique_ptr<ScanStream> scan(
        new ScanStream(db, info, std::move(snapshot), std::move(keyspace)));
    scan->reverse_ = request.reverse;
    scan->keys_only_ = request.keys_only;
    if (request.limit != 0) scan->left_ = request.limit;
    scan->max_body_bytes_ = max_frame_bytes - protocol::kHeaderBytes;

    protocol::KeyRange range = request.range;
    std::string after;
    if (!request.resume_token.empty()) {
        protocol::ResumeToken token;
        KV_RETURN_IF_ERROR(protocol::decode_resume_token(request.resume_token, token));
        if (token.reverse != request.reverse) {
            return Status::invalid_argument("resume token: it is of a scan in the other direction");
        }
        if (token.last_key.empty()) {
            return Status::invalid_argument("resume token: its key is empty");
        }
        if (token.last_key.size() > kMaxKeyBytes) {
            return Status::invalid_argument("resume token: its key of " +
                                            std::to_string(token.last_key.size()) +
                                            " bytes is longer than any key");
        }
        scan->last_key_ = token.last_key;
        scan->any_entry_ = true;
        after = scan->last_key_ + '\0';
        if (request.reverse && (range.upper.empty() || range.upper > token.last_key)) {
            range.upper = token.last_key;
        } else if (!request.reverse && range.lower < after) {
            range.lower = after;
        }
    }
    scan->options_ = scan_options(space, range, scan->snapshot_);
    scan->options_.max_skipped = kSliceSkips;
    return scan;
}

void ScanStream::open() {
    iterator_ = db_.new_iterator(options_);
    reverse_ ? iterator_->seek_to_last() : iterator_->seek_to_first();
}

void ScanStream::step() { reverse_ ? iterator_->prev() : iterator_->next(); }

bool ScanStream::take_entry() {
    const Bytes key = keyspace_->space().user_key(iterator_->key(), key_scratch_);
    const Bytes value = keys_only_ ? Bytes() : iterator_->value();
    const size_t entry_bytes = protocol::kScanEntryOverheadBytes + key.size() + value.size();
    const size_t fixed_bytes = kChunkFixedBytes + kTokenFixedBytes;
    const size_t with_token = body_bytes_ + entry_bytes + fixed_bytes + key.size();
    if (with_token > std::min<uint64_t>(max_body_bytes_, protocol::kScanChunkBytes)) return false;
    body_bytes_ += entry_bytes;
    taken_.push_back({key.size(), value.size(), iterator_->seqno(), iterator_->expiry_ms()});
    chunk_bytes_ += key;
    chunk_bytes_ += value;
    last_key_ = key;
    any_entry_ = true;
    --left_;
    return true;
}

std::optional<ScanStream::Chunk> ScanStream::next_chunk(Clock& clock, MemoryBudget& memory) {
    iterator_ == nullptr ? open() : begin_slice(*iterator_, reverse_);
    while (left_ > 0 && iterator_->valid()) {
        if (!take_entry()) {
            if (!taken_.empty()) return finish_chunk(false, clock.monotonic_us());
            return large_chunk(clock.monotonic_us(), memory);
        }
        // Behind the last one that is wanted may lie a block that cannot be read.
        if (left_ > 0) step();
    }
    if (left_ > 0 && iterator_->budget_exhausted()) return std::nullopt;
    const bool exhausted = left_ > 0 && !iterator_->valid();
    if (exhausted) {
        const Status status = iterator_->status();
        if (!status.is_ok()) {
            return fail({protocol::to_wire(status), std::string(status.message()), status.detail()},
                        clock.monotonic_us());
        }
    }
    return finish_chunk(exhausted, clock.monotonic_us());
}

/// The next entry, straight from where it lies: there is one copy of it, in the frame. What comes
/// behind it is not looked for, so that it leaves at once.
ScanStream::Chunk ScanStream::large_chunk(uint64_t now_us, MemoryBudget& memory) {
    const Bytes key = keyspace_->space().user_key(iterator_->key(), key_scratch_);
    const Bytes value = keys_only_ ? Bytes() : iterator_->value();
    const size_t body_bytes = kChunkFixedBytes + kTokenFixedBytes +
                              protocol::kScanEntryOverheadBytes + 2 * key.size() + value.size();
    if (body_bytes > max_body_bytes_) {
        return fail(
            answer_too_large(key.size() + value.size(), static_cast<uint32_t>(max_body_bytes_)),
            now_us);
    }
    const size_t frame_bytes = protocol::kHeaderBytes + body_bytes;
    if (!memory.try_add(frame_bytes)) {
        Chunk chunk =
            fail({protocol::WireStatus::kOverloaded,
                  "network buffers are full: scan on with the last resume token", kNoRoomRetryMs},
                 now_us);
        chunk.no_room = true;
        return chunk;
    }
    last_key_ = key;
    any_entry_ = true;
    --left_;
    keyspace_->count_reads(1, 1);
    protocol::ScanChunk message;
    message.entries.push_back({key, iterator_->seqno(), iterator_->expiry_ms(), value});
    Chunk chunk = make_chunk(std::move(message), left_ == 0, frame_bytes, now_us);
    chunk.charged_bytes = frame_bytes;
    if (!chunk.last) step();
    return chunk;
}

ScanStream::Chunk ScanStream::finish_chunk(bool exhausted, uint64_t now_us) {
    keyspace_->count_reads(taken_.size(), taken_.size());
    protocol::ScanChunk message;
    message.exhausted = exhausted;
    message.entries.reserve(taken_.size());
    Bytes rest = chunk_bytes_;
    for (const Taken& taken : taken_) {
        const Bytes key = rest.substr(0, taken.key_size);
        const Bytes value = rest.substr(taken.key_size, taken.value_size);
        message.entries.push_back({key, taken.seqno, taken.expiry_ms, value});
        rest.remove_prefix(taken.key_size + taken.value_size);
    }
    Chunk chunk = make_chunk(std::move(message), exhausted || left_ == 0, 0, now_us);
    chunk_bytes_.clear();
    taken_.clear();
    body_bytes_ = 0;
    return chunk;
}

ScanStream::Chunk ScanStream::make_chunk(protocol::ScanChunk message, bool last,
                                         size_t expected_bytes, uint64_t now_us) {
    std::string token;
    if (any_entry_) {
        token = protocol::encode_resume_token({reverse_, snapshot_->seqno(), last_key_});
    }
    message.resume_token = token;

    protocol::Header header = answer_header(info_, now_us);
    if (!last) header.flags |= protocol::flag::kMore;
    Chunk chunk;
    chunk.frame.reserve(expected_bytes);
    protocol::append_frame(chunk.frame, header, message);
    chunk.body_bytes = chunk.frame.size() - protocol::kHeaderBytes;
    chunk.last = last;
    if (last) iterator_.reset();  // what it pins is not needed while the answer is on its way
    return chunk;
}

void ScanStream::release_buffers() {
    // An empty string that is assigned leaves the memory where it is.
    std::string().swap(chunk_bytes_);
    std::vector<Taken>().swap(taken_);
}

ScanStream::Chunk ScanStream::fail(const Refusal& refusal, uint64_t now_us) const {
    Chunk chunk;
    append_error(chunk.frame, info_, now_us, refusal);
    chunk.body_bytes = chunk.frame.size() - protocol::kHeaderBytes;
    chunk.last = true;
    chunk.error = true;
    return chunk;
}

}  // namespace kv::server
