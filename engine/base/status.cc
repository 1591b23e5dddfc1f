// Status and the names of its codes.
// SPDX-License-Identifier: Apache-2.0
#include "kv/status.h"

#include <utility>

namespace kv {

std::string_view code_name(Code code) {
    switch (code) {
        case Code::kOk:
            return "ok";
        case Code::kInvalidArgument:
            return "invalid_argument";
        case Code::kNotFound:
            return "not_found";
        case Code::kConflict:
            return "conflict";
        case Code::kCorruption:
            return "corruption";
        case Code::kIoError:
            return "io_error";
        case Code::kNoSpace:
            return "no_space";
        case Code::kReadOnly:
            return "read_only";
        case Code::kInDoubt:
            return "in_doubt";
        case Code::kOverloaded:
            return "overloaded";
        case Code::kDeadline:
            return "deadline";
        case Code::kCancelled:
            return "cancelled";
        case Code::kUnsupported:
            return "unsupported";
        case Code::kLocked:
            return "locked";
        case Code::kWouldBlock:
            return "would_block";
        case Code::kUnavailable:
            return "unavailable";
    }
    return "unknown";
}

Status::Status(Code code, std::string message, uint64_t detail) {
    // A Status built from kOk is ok: null is the only form of ok, so is_ok() stays one comparison.
    if (code == Code::kOk) return;
    rep_ = std::make_shared<const Rep>(Rep{code, detail, std::move(message)});
}

std::string_view Status::message() const {
    return rep_ ? std::string_view(rep_->message) : std::string_view();
}

std::string Status::to_string() const {
    std::string text(code_name(code()));
    if (rep_ && !rep_->message.empty()) {
        text += ": ";
        text += rep_->message;
    }
    return text;
}

Status Status::with_context(std::string_view context) const {
    if (is_ok()) return *this;
    std::string text(context);
    text += ": ";
    text += rep_->message;
    return {rep_->code, std::move(text), rep_->detail};
}

}  // namespace kv
