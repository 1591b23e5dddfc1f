// Many reads at once.
// SPDX-License-Identifier: Apache-2.0
#include "io/posix_read_together.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "io/posix_file.h"
#ifdef KV_HAS_URING
#include "io/read_ring.h"
#endif

namespace kv::io {

namespace {

/// Reads what the ring left of a request, to its end or the file's.
[[maybe_unused]] void finish(ReadRequest& request) {
    if (!request.got.is_ok() || *request.got == request.length) return;
    const size_t done = *request.got;
    auto rest =
        request.file->read_at(request.offset + done, request.length - done, request.scratch + done);
    request.got = rest.is_ok() ? Result<size_t>(done + *rest) : std::move(rest);
}

}  // namespace

#ifdef KV_HAS_URING

bool read_by_ring(std::span<ReadRequest> requests) {
    // A ring a thread needs no lock, and goes with its thread.
    static std::atomic<bool> is_refused{false};
    thread_local std::unique_ptr<ReadRing> ring;
    if (is_refused.load(std::memory_order_relaxed)) return false;
    if (ring == nullptr) {
        bool forever = false;
        ring = ReadRing::create(forever);
        if (forever) is_refused.store(true, std::memory_order_relaxed);
        if (ring == nullptr) return false;
    }
    for (ReadRequest& request : requests) request.got = size_t{0};
    for (size_t begin = 0; begin < requests.size() && ring != nullptr;) {
        const size_t count = std::min<size_t>(requests.size() - begin, ReadRing::kDepth);
        if (!ring->read(requests.subspan(begin, count))) ring.reset();
        begin += count;
    }
    for (ReadRequest& request : requests) finish(request);
    return true;
}

#else

bool read_by_ring(std::span<ReadRequest>) { return false; }

#endif

void read_by_advice(std::span<ReadRequest> requests) {
    for (const ReadRequest& request : requests) {
        if (request.length == 0 || !is_addressable(request.offset, request.length)) continue;
        const auto& file = static_cast<const PosixRandomAccessFile&>(*request.file);
        // Only a hint: what it cannot start, read_at waits for.
        (void)::posix_fadvise(file.descriptor(), static_cast<off_t>(request.offset),
                              static_cast<off_t>(request.length), POSIX_FADV_WILLNEED);
    }
    posix_file_system().FileSystem::read_together(requests);
}

void read_together(std::span<ReadRequest> requests) {
    // One read has nothing to overlap with.
    if (requests.size() < 2) return posix_file_system().FileSystem::read_together(requests);
    if (!read_by_ring(requests)) read_by_advice(requests);
}

}  // namespace kv::io
