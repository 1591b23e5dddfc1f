// Status: the outcome of an operation, as a code for programs and a message for people.
//
// A message says what failed, where (file and offset), what was expected, what was found and what
// to do about it. A missing key is not an error: look-ups return std::optional instead.
// Thread rule: a Status is an immutable value; copies may be read from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kv {

enum class Code : uint8_t {
    kOk = 0,
    kInvalidArgument,  ///< The request can never succeed as it stands; nothing was applied.
    kNotFound,         ///< A named thing (file, snapshot) does not exist. Never used for keys.
    kConflict,         ///< A precondition failed; detail() is the seqno that beat it. Not applied.
    kCorruption,       ///< Stored bytes fail verification; the message names file and offset.
    kIoError,          ///< The operating system refused; the message names call, path and errno.
    kNoSpace,          ///< Disk full or disk budget reached; not applied, worth a retry later.
    kReadOnly,         ///< The store takes no writes now; the message says why. Not applied.
    kInDoubt,          ///< The write may or may not survive: its sync failed half-way.
    kOverloaded,       ///< Not applied; detail() is retry_after_ms.
    kDeadline,         ///< The deadline passed before execution; not applied.
    kCancelled,        ///< Cancelled by the caller or by shutdown; not applied.
    kUnsupported,      ///< Newer format, unknown codec or feature; the message names both sides.
    kLocked,           ///< Another process holds the data directory.
    kWouldBlock,       ///< Memory-only read: the answer needs disk I/O.
    kUnavailable,      ///< The peer or the store is closed, draining or unreachable.
};

/// The stable lower-case name of a code, such as "in_doubt".
std::string_view code_name(Code code);

class [[nodiscard]] Status {
  public:
    Status() = default;
    Status(Code code, std::string message, uint64_t detail = 0);

    static Status ok() { return {}; }
    static Status invalid_argument(std::string message) {
        return {Code::kInvalidArgument, std::move(message)};
    }
    static Status not_found(std::string message) { return {Code::kNotFound, std::move(message)}; }
    static Status corruption(std::string message) {
        return {Code::kCorruption, std::move(message)};
    }
    static Status io_error(std::string message) { return {Code::kIoError, std::move(message)}; }
    static Status no_space(std::string message) { return {Code::kNoSpace, std::move(message)}; }

    bool is_ok() const { return rep_ == nullptr; }
    Code code() const { return rep_ ? rep_->code : Code::kOk; }
    bool is(Code code) const { return this->code() == code; }
    /// Code-specific number: see Code. 0 where the code defines none.
    uint64_t detail() const { return rep_ ? rep_->detail : 0; }
    /// Empty for ok. The view lives as long as any copy of this Status.
    std::string_view message() const;
    /// "ok", or "corruption: MESSAGE".
    std::string to_string() const;
    /// The same code and detail with "CONTEXT: " put before the message. Ok stays ok.
    Status with_context(std::string_view context) const;

  private:
    struct Rep {
        Code code;
        uint64_t detail;
        std::string message;
    };
    std::shared_ptr<const Rep> rep_;  // null means ok, so the good path never allocates
};

}  // namespace kv
