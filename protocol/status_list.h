// Wire statuses: one list from which the enum, the names, the advice for people, the mapping to
// kv::Code and the table in protocol/docs/wire_format.md come. A test compares the document.
//
// A status is 16 bits: 4 class bits that tell any client what it may do, even with a status it has
// never heard of, and a 12-bit number. 0 is ok.
// Thread rule: constants and pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kv/status.h"

namespace kv::protocol {

namespace status_class {  // sent on the wire, never renumber
/// The same request may succeed later without any change: after detail ms, or with back-off.
inline constexpr uint16_t kRetryable = 0x8000;
/// The request changed nothing, in memory or on disk, and never will.
inline constexpr uint16_t kSurelyNotApplied = 0x4000;
/// If the request was a write, it may or may not have happened: read before writing again.
inline constexpr uint16_t kInDoubt = 0x2000;
/// The server closes the connection after this answer.
inline constexpr uint16_t kFatal = 0x1000;
inline constexpr uint16_t kNumberMask = 0x0FFF;

// Combinations, so that a row of the list fits on a line.
inline constexpr uint16_t kNone = 0;
inline constexpr uint16_t kRefused = kSurelyNotApplied;
inline constexpr uint16_t kAgain = kSurelyNotApplied | kRetryable;
inline constexpr uint16_t kFatalRefused = kSurelyNotApplied | kFatal;
inline constexpr uint16_t kFatalAgain = kSurelyNotApplied | kRetryable | kFatal;
}  // namespace status_class

}  // namespace kv::protocol

/// X(number, enumerator, name, class, Code, advice). Sent on the wire, never renumber.
#define KV_WIRE_STATUSES(X)                                                                      \
    X(0, kOk, "ok", kNone, kOk, "Done.")                                                         \
    X(1, kInvalidArgument, "invalid_argument", kRefused, kInvalidArgument,                       \
      "The request can never succeed as it stands: correct it; the message says what is wrong.") \
    X(2, kMalformed, "malformed", kRefused, kInvalidArgument,                                    \
      "The body does not follow the wire format: a bug in the client, do not send it again.")    \
    X(3, kTooLarge, "too_large", kRefused, kInvalidArgument,                                     \
      "A key, value or batch is above the limit that HELLO announced: split it.")                \
    X(4, kConflict, "conflict", kRefused, kConflict,                                             \
      "A precondition failed; detail is the seqno that beat it: read again, decide again.")      \
    X(5, kNotFound, "not_found", kRefused, kNotFound,                                            \
      "No such snapshot (closed, or its lease ran out): open a new one. Never used for keys.")   \
    X(6, kUnsupported, "unsupported", kRefused, kUnsupported,                                    \
      "This server does not offer that operation or option: do without, or upgrade it.")         \
    X(7, kUnknownOpcode, "unknown_opcode", kRefused, kUnsupported,                               \
      "The server is older than the client: stay with the features agreed on in HELLO.")         \
    X(8, kPermissionDenied, "permission_denied", kRefused, kInvalidArgument,                     \
      "This user may not do that: ask an administrator.")                                        \
    X(9, kDeadline, "deadline", kRefused, kDeadline,                                             \
      "The deadline passed before the request began: allow more time, or send fewer at once.")   \
    X(10, kCancelled, "cancelled", kRefused, kCancelled,                                         \
      "Cancelled by the client before it began, or an open scan was stopped.")                   \
    X(11, kOverloaded, "overloaded", kAgain, kOverloaded,                                        \
      "Too much is queued: send it again after detail milliseconds.")                            \
    X(12, kTooManyOutstanding, "too_many_outstanding", kAgain, kOverloaded,                      \
      "This connection has too many unanswered requests: wait for answers, then send it again.") \
    X(13, kNoSpace, "no_space", kAgain, kNoSpace,                                                \
      "The disk or its budget is full: free space; writes resume by themselves.")                \
    X(14, kReadOnly, "read_only", kAgain, kReadOnly,                                             \
      "The store takes no writes now, the message says why: reads go on; retry with back-off.")  \
    X(15, kUnavailable, "unavailable", kAgain, kUnavailable,                                     \
      "The store is closed or closing: connect again later, or elsewhere.")                      \
    X(16, kDraining, "draining", kAgain, kUnavailable,                                           \
      "The server is shutting down and took nothing new: connect again later, or elsewhere.")    \
    X(17, kCorruption, "corruption", kRefused, kCorruption,                                      \
      "Stored bytes fail verification, the message names file and offset: restore or repair.")   \
    X(18, kIoError, "io_error", kInDoubt, kIoError,                                              \
      "The operating system refused; the message names the call: look at the server's disk.")    \
    X(19, kInDoubt, "in_doubt", kInDoubt, kInDoubt,                                              \
      "The write may or may not survive: read the keys (or ask STATUS) before writing again.")   \
    X(20, kInternal, "internal", kInDoubt, kIoError,                                             \
      "The server met a case it has no answer for: report it with the server's log.")            \
    X(21, kUnknownKeyspace, "unknown_keyspace", kRefused, kNotFound,                             \
      "No keyspace of that name (never created, or dropped): correct it, or create it.")         \
    X(22, kReadFailed, "read_failed", kRefused, kIoError,                                        \
      "Nothing was written, as what decides about it could not be read: look at the disk.")      \
    X(32, kBadFrame, "bad_frame", kFatalRefused, kInvalidArgument,                               \
      "The bytes are not a frame of this protocol: is this the right port?")                     \
    X(33, kBadVersion, "bad_version", kFatalRefused, kUnsupported,                               \
      "No version in common: the message names both ranges; upgrade the older side.")            \
    X(34, kFrameTooLarge, "frame_too_large", kFatalRefused, kInvalidArgument,                    \
      "The frame is above the limit (4 KiB before HELLO): split the request.")                   \
    X(35, kBadChecksum, "bad_checksum", kFatalAgain, kCorruption,                                \
      "The frame was damaged on its way: connect again and send it again; suspect the network.") \
    X(36, kHelloRequired, "hello_required", kFatalRefused, kInvalidArgument,                     \
      "The first frame must be HELLO, answered before anything else is sent.")                   \
    X(37, kHelloTimeout, "hello_timeout", kFatalAgain, kDeadline,                                \
      "HELLO was not finished in time (5 s): connect again.")                                    \
    X(38, kAuthFailed, "auth_failed", kFatalRefused, kInvalidArgument,                           \
      "Wrong user or secret: correct the credentials; retrying does not help.")                  \
    X(39, kDuplicateRequestId, "duplicate_request_id", kFatalRefused, kInvalidArgument,          \
      "A request with this id is still unanswered: a bug in the client.")                        \
    X(40, kTooManyConnections, "too_many_connections", kFatalAgain, kOverloaded,                 \
      "The server's connection limit is reached: connect again with back-off.")

namespace kv::protocol {

enum class WireStatus : uint16_t {  // sent on the wire, never renumber
#define KV_X(number, enumerator, name, class_bits, code, advice) \
    enumerator = status_class::class_bits | (number),
    KV_WIRE_STATUSES(KV_X)
#undef KV_X
};

constexpr uint16_t raw(WireStatus status) { return static_cast<uint16_t>(status); }
constexpr bool has_class(uint16_t raw_status, uint16_t class_bit) {
    return (raw_status & class_bit) != 0;
}
constexpr bool is_retryable(uint16_t raw_status) {
    return has_class(raw_status, status_class::kRetryable);
}
constexpr bool is_surely_not_applied(uint16_t raw_status) {
    return has_class(raw_status, status_class::kSurelyNotApplied);
}
constexpr bool is_in_doubt(uint16_t raw_status) {
    return has_class(raw_status, status_class::kInDoubt);
}
constexpr bool is_fatal(uint16_t raw_status) { return has_class(raw_status, status_class::kFatal); }

/// A row of the list.
struct StatusInfo {
    WireStatus status;
    std::string_view name;
    Code code;
    std::string_view advice;
};
std::span<const StatusInfo> status_table();
/// Null for a status this version does not list.
const StatusInfo* find_status(uint16_t raw_status);
/// "overloaded"; "unknown" for a status this version does not list.
std::string_view status_name(uint16_t raw_status);
/// What a person should do, one sentence; for unlisted statuses derived from the class bits.
std::string_view status_advice(uint16_t raw_status);

/// What a server answers for `status`. Codes that must not leave the process (kWouldBlock,
/// kLocked) become `internal`.
WireStatus to_wire(const Status& status);
/// The same of a write, or a change of keyspaces. The store answers those kIoError only where it
/// could not read what decides about them, and has applied nothing: `read_failed`.
WireStatus to_wire_of_write(const Status& status);
/// What a client hands to its caller: the mapped code, `message` and `detail`. Unlisted statuses
/// are judged by their class bits: in doubt, retryable, or refused.
Status from_wire(uint16_t raw_status, std::string_view message, uint64_t detail);

}  // namespace kv::protocol
