// Worked examples of the format documents. A document marks an example with a line
// "<!-- golden: NAME -->" before a fenced block; every line of the block is bytes in hexadecimal,
// optionally a comment after "|". Documents and code are held together by reading the bytes from
// the document itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace kv::test {

/// The bytes of example `name` in engine/docs/`document`. Throws when there is no such example.
inline std::string doc_bytes(const std::string& document, const std::string& name) {
    std::ifstream in(std::string(KV_SOURCE_DIR) + "/engine/docs/" + document);
    const std::string marker = "<!-- golden: " + name + " -->";
    std::string line, bytes;
    while (std::getline(in, line) && line != marker) {
    }
    std::getline(in, line);
    if (!in || line.rfind("```", 0) != 0) throw std::runtime_error("no example " + name);
    while (std::getline(in, line) && line.rfind("```", 0) != 0) {
        std::istringstream words(line.substr(0, line.find('|')));
        for (std::string word; words >> word;) {
            bytes.push_back(static_cast<char>(std::stoul(word, nullptr, 16)));
        }
    }
    return bytes;
}

/// For failure messages and for writing such examples: 16 bytes a line.
inline std::string to_hex(const std::string& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<unsigned char>(bytes[i]);
        text += {kDigits[byte >> 4], kDigits[byte & 15], i % 16 == 15 ? '\n' : ' '};
    }
    return text;
}

}  // namespace kv::test
