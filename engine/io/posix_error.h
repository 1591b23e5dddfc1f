// From errno to Status, the same way for every call of the posix file system.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kv/status.h"

namespace kv::io {

/// "CALL PATH: ERRNO TEXT". ENOENT gives kNotFound, ENOSPC and EDQUOT kNoSpace, the rest kIoError.
Status error_from_errno(std::string_view call, const std::string& path, int error_number);

/// The same with ", offset OFFSET, length LENGTH" after the path.
Status error_from_errno(std::string_view call, const std::string& path, int error_number,
                        uint64_t offset, uint64_t length);

}  // namespace kv::io
