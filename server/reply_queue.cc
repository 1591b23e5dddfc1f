// See reply_queue.h.
// The slab's memory is kept when it drains, so steady traffic allocates nothing here.
// SPDX-License-Identifier: Apache-2.0
#include "server/reply_queue.h"

#include <utility>

#include "kv/assert.h"

namespace kv::server {

static_assert(protocol::resp::Reply::kLargeBytes >= ReplyQueue::kLargeBytes,
              "what a reply keeps apart is not to be copied here");

void ReplyQueue::close_slab() {
    if (slab_.empty()) return;
    close({std::move(slab_), nullptr});
    slab_.clear();
}

void ReplyQueue::close(Part part) {
    closed_bytes_ += part.bytes().size();
    if (part.shared != nullptr) closed_shared_bytes_ += part.shared->size();
    closed_.push_back(std::move(part));
}

std::string& ReplyQueue::slab() {
    if (slab_.size() >= kSlabBytes) close_slab();
    return slab_;
}

void ReplyQueue::append(std::string bytes) {
    if (bytes.size() < kLargeBytes) {
        slab() += bytes;
        return;
    }
    close_slab();
    close({std::move(bytes), nullptr});
}

void ReplyQueue::append(const Shared& text) {
    if (text->size() < kLargeBytes) {
        slab() += *text;
        return;
    }
    close_slab();
    close({{}, text});
}

void ReplyQueue::append(protocol::resp::Reply reply) {
    if (reply.apart.empty()) return append(std::move(reply.text));
    size_t done = 0;
    for (protocol::resp::Reply::Apart& part : reply.apart) {
        slab() += Bytes(reply.text).substr(done, part.at - done);
        append(std::move(part.bytes));
        done = part.at;
    }
    slab() += Bytes(reply.text).substr(done);
}

void ReplyQueue::put_into_slab(std::vector<protocol::resp::Reply::Apart>& apart) {
    const size_t first = apart.front().at;
    protocol::resp::Reply rest(slab_.substr(first));
    slab_.resize(first);
    for (protocol::resp::Reply::Apart& part : apart) {
        rest.apart.push_back({part.at - first, std::move(part.bytes)});
    }
    apart.clear();
    append(std::move(rest));
}

ReplyQueue::Parts ReplyQueue::front() const {
    Parts parts;
    size_t skip = offset_;
    const auto add = [&](Bytes part) {
        if (parts.count == kMaxParts || part.size() == skip) return;
        parts.views[parts.count++] = part.substr(skip);
        skip = 0;
    };
    for (const Part& part : closed_) {
        if (parts.count == kMaxParts) break;
        add(part.bytes());
    }
    add(slab_);
    return parts;
}

void ReplyQueue::consume(size_t count) {
    KV_ASSERT(count <= bytes());
    offset_ += count;
    while (!closed_.empty() && offset_ >= closed_.front().bytes().size()) {
        const Part& part = closed_.front();
        offset_ -= part.bytes().size();
        closed_bytes_ -= part.bytes().size();
        if (part.shared != nullptr) closed_shared_bytes_ -= part.shared->size();
        closed_.pop_front();
    }
    if (closed_.empty() && offset_ == slab_.size()) {
        offset_ = 0;
        slab_.clear();
        if (slab_.capacity() > 2 * kSlabBytes) slab_.shrink_to_fit();
    }
}

}  // namespace kv::server
