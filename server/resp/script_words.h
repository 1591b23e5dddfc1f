// ScriptWords: the arguments of a script's commands, which outlast the input that they came in.
// Small ones are copied, one behind another; large ones, which were received into blocks of their
// own, stay there. Thread rule: as WriteScript.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "kv/bytes.h"
#include "protocol/byte_block.h"
#include "protocol/resp/args.h"

namespace kv::server {

class ScriptWords {
  public:
    /// `blocks`: those that some of `words` lie in.
    void add(const protocol::resp::Args& words, std::vector<protocol::ByteBlock> blocks);
    size_t size() const { return words_.size(); }
    /// Good until the next add().
    Bytes at(size_t index) const;
    /// Whether these bytes are in here: they are good until the next add() then.
    bool holds(Bytes bytes) const { return is_in_block(bytes) || is_part(bytes, text_); }
    /// Of memory.
    size_t bytes() const { return text_.size() + block_bytes_ + words_.size() * sizeof(Word); }

  private:
    struct Word {
        const char* in_block;  // null: in text_
        size_t offset;         // there
        size_t size;
    };
    static bool is_part(Bytes part, Bytes whole);
    bool is_in_block(Bytes bytes) const;

    std::string text_;
    std::map<const char*, protocol::ByteBlock, std::less<>> blocks_;  // by their memory
    size_t block_bytes_ = 0;
    std::vector<Word> words_;
};

}  // namespace kv::server
