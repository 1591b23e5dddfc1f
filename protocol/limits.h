// Limits of the wire format: what a peer may send before and after HELLO unless the answer to HELLO
// says otherwise. Every length that arrives is compared with one of these before memory is taken
// for it. Documented in protocol/docs/wire_format.md, section "Limits".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace kv::protocol {

inline constexpr size_t kHeaderBytes = 32;

/// Frame limits are whole frames, header included.
inline constexpr uint32_t kPreAuthFrameBytes = 4U << 10;
inline constexpr uint32_t kPreAuthOutstanding = 1;
inline constexpr uint32_t kPreAuthMs = 5'000;

inline constexpr uint32_t kDefaultKeyBytes = 64U << 10;
inline constexpr uint32_t kDefaultValueBytes = 64U << 20;
/// The largest value with its key, and more.
inline constexpr uint32_t kDefaultBatchBytes = 65U << 20;
/// Room for the largest batch with its framing.
inline constexpr uint32_t kDefaultFrameBytes = 66U << 20;
inline constexpr uint32_t kDefaultOutstanding = 1'024;

/// The whole extension block, its own length field excluded.
inline constexpr uint32_t kMaxExtensionBytes = 1'024;
/// Client name, user, secret: longer ones are refused by the decoder.
inline constexpr uint32_t kMaxNameBytes = 256;
/// Names of keyspaces.
inline constexpr uint32_t kMaxKeyspaceNameBytes = 64;
/// Names of checkpoints.
inline constexpr uint32_t kMaxCheckpointNameBytes = 64;
/// Items of one list: keys of a MULTI_GET, operations or preconditions of a BATCH, entries of an
/// answer. Keeps the memory of a decoded message near the size of its frame.
inline constexpr uint32_t kMaxListItems = 1U << 20;
/// Messages for people inside error answers and GOAWAY; longer ones are cut by the encoder.
inline constexpr uint32_t kMaxMessageBytes = 1'024;

/// Bytes a scan may send before the first SCAN_CREDIT, when the request names no other amount.
inline constexpr uint32_t kDefaultScanCreditBytes = 256U << 10;
/// A scan answer holds at most this much, or one entry where that is larger.
inline constexpr uint32_t kScanChunkBytes = 64U << 10;
/// Entries that an explained scan walks over, when the request names no other number; the most.
inline constexpr uint64_t kDefaultExplainedEntries = 1'000;
inline constexpr uint64_t kMostExplainedEntries = 100'000;

static_assert(kPreAuthFrameBytes > kHeaderBytes + kMaxExtensionBytes + 3 * kMaxNameBytes,
              "the largest HELLO must fit in a frame before authentication");
static_assert(kDefaultFrameBytes > kDefaultBatchBytes + kHeaderBytes + kMaxExtensionBytes,
              "the largest batch must fit in a frame");

}  // namespace kv::protocol
