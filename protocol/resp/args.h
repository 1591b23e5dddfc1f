// Args: the words of one RESP command, as the parser hands them to the commands.
// Thread rule: views, as good as the bytes they point at.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "kv/bytes.h"

namespace kv::protocol::resp {

/// The words of one command; the first is its name. Never empty.
using Args = std::vector<Bytes>;

}  // namespace kv::protocol::resp
