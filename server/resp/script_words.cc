// See script_words.h. A block's memory stays where it is when the block is moved.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/script_words.h"

#include <functional>
#include <iterator>
#include <utility>

namespace kv::server {

bool ScriptWords::is_part(Bytes part, Bytes whole) {
    const std::less_equal<> ordered;  // of any two pointers
    return ordered(whole.data(), part.data()) &&
           ordered(part.data() + part.size(), whole.data() + whole.size());
}

bool ScriptWords::is_in_block(Bytes bytes) const {
    const auto behind = blocks_.upper_bound(bytes.data());
    return behind != blocks_.begin() && is_part(bytes, std::prev(behind)->second.bytes());
}

void ScriptWords::add(const protocol::resp::Args& words, std::vector<protocol::ByteBlock> blocks) {
    for (protocol::ByteBlock& block : blocks) {
        block_bytes_ += block.size();
        const char* const memory = block.bytes().data();
        blocks_.emplace(memory, std::move(block));
    }
    for (const Bytes word : words) {
        if (is_in_block(word)) {
            words_.push_back({word.data(), 0, word.size()});
        } else {
            words_.push_back({nullptr, text_.size(), word.size()});
            text_ += word;
        }
    }
}

Bytes ScriptWords::at(size_t index) const {
    const Word& word = words_[index];
    return word.in_block != nullptr ? Bytes(word.in_block, word.size)
                                    : Bytes(text_).substr(word.offset, word.size);
}

}  // namespace kv::server
