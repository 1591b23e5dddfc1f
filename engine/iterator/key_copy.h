// KeyCopy: a copy of the key that a walk has just left, to compare the next one with, or of the one
// that it seeks. Keys are short and there is one an entry, so both steps stay inline and the bytes
// in the object.
// Thread rule: one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "base/coding.h"
#include "kv/bytes.h"
#include "record/internal_key.h"

namespace kv {

class KeyCopy {
  public:
    KeyCopy() = default;
    KeyCopy(const KeyCopy&) = delete;
    KeyCopy& operator=(const KeyCopy&) = delete;

    void assign(Bytes key) {
        size_ = key.size();
        if (size_ - kWord <= kInline - kWord) [[likely]] {  // kWord to kInline bytes
            data_ = inline_;
            size_t i = 0;
            for (; i + kWord < size_; i += kWord) copy_word(inline_ + i, key.data() + i);
            copy_word(inline_ + size_ - kWord, key.data() + size_ - kWord);
        } else {
            large_.assign(key);
            data_ = large_.data();
        }
    }
    /// The internal key of these two.
    void assign(Bytes user_key, uint64_t trailer) {
        size_ = user_key.size() + kTrailerBytes;
        char* out = inline_;
        if (size_ > kInline) {
            large_.resize(size_);
            out = large_.data();
        }
        data_ = out;
        user_key.copy(out, user_key.size());
        store_big_endian64(out + user_key.size(), trailer);
    }
    Bytes bytes() const { return {data_, size_}; }
    bool equals(Bytes key) const {
        if (key.size() != size_) return false;
        if (size_ < kWord) return bytes() == key;
        // Neighbours in key order mostly differ at the end.
        for (size_t i = size_ - kWord; i > 0; i = i < kWord ? 0 : i - kWord) {
            if (word(data_ + i) != word(key.data() + i)) return false;
        }
        return word(data_) == word(key.data());
    }

  private:
    static constexpr size_t kWord = 8;
    static constexpr size_t kInline = 64;
    static uint64_t word(const char* p) {
        uint64_t w;
        std::memcpy(&w, p, kWord);
        return w;
    }
    static void copy_word(char* to, const char* from) { std::memcpy(to, from, kWord); }

    size_t size_ = 0;
    const char* data_ = inline_;
    char inline_[kInline];
    std::string large_;
};

}  // namespace kv
