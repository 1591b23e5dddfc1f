// The section of protocol/docs/resp.md that lists the commands, made from the table of commands.
// KVD_WRITE_DOCS=1 makes the test that compares them write it anew instead.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace kv::server {

/// What stands between the marks.
std::string commands_section();

}  // namespace kv::server
