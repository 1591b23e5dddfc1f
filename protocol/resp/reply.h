// Reply: answers as they leave: text, and large strings that belong into it but keep the memory
// they were made in, so that they can be sent from there. ReplyWriter makes it. Thread rule: one
// thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace kv::protocol::resp {

struct Reply {
    /// Strings of this size and more are worth being sent from where they lie.
    static constexpr size_t kLargeBytes = 16U << 10;

    /// To be sent between the first `at` bytes of the text and the rest.
    struct Apart {
        size_t at = 0;
        std::string bytes;
    };

    Reply() = default;
    Reply(std::string only_text) : text(std::move(only_text)) {}  // NOLINT: most answers are text
    Reply(const char* only_text) : text(only_text) {}             // NOLINT

    size_t bytes() const {
        size_t sum = text.size();
        for (const Apart& part : apart) sum += part.bytes.size();
        return sum;
    }

    /// Adds what follows.
    void append(Reply more) {
        if (text.empty() && apart.empty()) {
            *this = std::move(more);
            return;
        }
        for (Apart& part : more.apart) {
            apart.push_back({text.size() + part.at, std::move(part.bytes)});
        }
        text += more.text;
    }

    std::string text;
    std::vector<Apart> apart;  ///< In the order of their places.
};

}  // namespace kv::protocol::resp
