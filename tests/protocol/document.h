// The documents of the protocols as data: the wire format's hex examples, and the rows of tables.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kv::protocol::testing {

/// The text of protocol/docs/wire_format.md.
const std::string& document_text();
/// Bytes of every block "```hex NAME", by name.
const std::map<std::string, std::string>& document_examples();
/// Bytes of one example; fails the test when there is none.
const std::string& example(const std::string& name);
/// The cells of the rows of the first table whose header row begins with `first_cells`, in a file
/// of protocol/docs.
std::vector<std::vector<std::string>> document_table(
    const std::string& first_cells, const std::string& document = "wire_format.md");

}  // namespace kv::protocol::testing
