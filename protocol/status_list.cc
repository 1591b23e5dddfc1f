// The status list as a table, and the mapping to and from kv::Status.
// SPDX-License-Identifier: Apache-2.0
#include "protocol/status_list.h"

#include <cstdio>
#include <string>

namespace kv::protocol {
namespace {

constexpr StatusInfo kTable[] = {
#define KV_X(number, enumerator, name, class_bits, code, advice) \
    {WireStatus::enumerator, name, Code::code, advice},
    KV_WIRE_STATUSES(KV_X)
#undef KV_X
};

constexpr bool table_is_sound() {
    for (size_t i = 0; i < std::size(kTable); ++i) {
        const uint16_t status = raw(kTable[i].status);
        // A write cannot both surely not have happened and be in doubt.
        if (is_surely_not_applied(status) && is_in_doubt(status)) return false;
        if (i > 0 && (raw(kTable[i - 1].status) & status_class::kNumberMask) >=
                         (status & status_class::kNumberMask)) {
            return false;
        }
    }
    return true;
}
static_assert(table_is_sound(), "numbers ascend, and each row's class bits agree");

}  // namespace

std::span<const StatusInfo> status_table() { return kTable; }

const StatusInfo* find_status(uint16_t raw_status) {
    for (const StatusInfo& info : kTable) {
        if (raw(info.status) == raw_status) return &info;
    }
    return nullptr;
}

std::string_view status_name(uint16_t raw_status) {
    const StatusInfo* info = find_status(raw_status);
    return info != nullptr ? info->name : "unknown";
}

std::string_view status_advice(uint16_t raw_status) {
    if (const StatusInfo* info = find_status(raw_status)) return info->advice;
    if (is_in_doubt(raw_status)) return "A write may or may not have happened: read first.";
    if (is_retryable(raw_status)) return "Not applied: send it again with back-off.";
    if (is_surely_not_applied(raw_status)) return "Not applied: a newer server refused it.";
    return "The server is newer than this client: treat a write as in doubt.";
}

WireStatus to_wire(const Status& status) {
    switch (status.code()) {
        case Code::kOk:
            return WireStatus::kOk;
        case Code::kInvalidArgument:
            return WireStatus::kInvalidArgument;
        case Code::kNotFound:
            return WireStatus::kNotFound;
        case Code::kConflict:
            return WireStatus::kConflict;
        case Code::kCorruption:
            return WireStatus::kCorruption;
        case Code::kIoError:
            return WireStatus::kIoError;
        case Code::kNoSpace:
            return WireStatus::kNoSpace;
        case Code::kReadOnly:
            return WireStatus::kReadOnly;
        case Code::kInDoubt:
            return WireStatus::kInDoubt;
        case Code::kOverloaded:
            return WireStatus::kOverloaded;
        case Code::kDeadline:
            return WireStatus::kDeadline;
        case Code::kCancelled:
            return WireStatus::kCancelled;
        case Code::kUnsupported:
            return WireStatus::kUnsupported;
        case Code::kUnavailable:
            return WireStatus::kUnavailable;
        case Code::kLocked:
        case Code::kWouldBlock:
            break;
    }
    return WireStatus::kInternal;
}

WireStatus to_wire_of_write(const Status& status) {
    return status.is(Code::kIoError) ? WireStatus::kReadFailed : to_wire(status);
}

Status from_wire(uint16_t raw_status, std::string_view message, uint64_t detail) {
    if (raw_status == raw(WireStatus::kOk)) return Status::ok();
    if (const StatusInfo* info = find_status(raw_status)) {
        return {info->code, std::string(message.empty() ? info->advice : message), detail};
    }
    Code code = Code::kInDoubt;
    if (is_surely_not_applied(raw_status)) {
        code = is_retryable(raw_status) ? Code::kUnavailable : Code::kUnsupported;
    }
    char text[48];
    std::snprintf(text, sizeof text, "status 0x%04X of a newer server: ", unsigned{raw_status});
    return {code, text + std::string(message.empty() ? status_advice(raw_status) : message),
            detail};
}

}  // namespace kv::protocol
