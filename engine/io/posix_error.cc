// From errno to Status.
// SPDX-License-Identifier: Apache-2.0
#include "io/posix_error.h"

#include <cerrno>
#include <system_error>

namespace kv::io {
namespace {

Code code_of(int error_number) {
    switch (error_number) {
        case ENOENT:
            return Code::kNotFound;
        case ENOSPC:
        case EDQUOT:
            return Code::kNoSpace;
        default:
            return Code::kIoError;
    }
}

Status make_error(std::string_view call, const std::string& where, int error_number) {
    std::string message(call);
    message += ' ' + where + ": " + std::generic_category().message(error_number) + " (errno " +
               std::to_string(error_number) + ')';
    return {code_of(error_number), std::move(message)};
}

}  // namespace

Status error_from_errno(std::string_view call, const std::string& path, int error_number) {
    return make_error(call, path, error_number);
}

Status error_from_errno(std::string_view call, const std::string& path, int error_number,
                        uint64_t offset, uint64_t length) {
    return make_error(
        call, path + ", offset " + std::to_string(offset) + ", length " + std::to_string(length),
        error_number);
}

}  // namespace kv::io
