// Encoding commands.
// SPDX-License-Identifier: Apache-2.0
#include "bench/wire/resp_requests.h"

#include "bench/traffic/key_distribution.h"

namespace kv::bench {

namespace {

void append_header(std::string& out, char kind, size_t count) {
    out += kind;
    out += std::to_string(count);
    out += "\r\n";
}

void append_word(std::string& out, Bytes word) {
    append_header(out, '$', word.size());
    out += word;
    out += "\r\n";
}

}  // namespace

void append_resp_command(std::string& out, std::initializer_list<Bytes> words) {
    append_header(out, '*', words.size());
    for (const Bytes word : words) append_word(out, word);
}

RespTemplate::RespTemplate(Bytes name, size_t key_bytes, std::initializer_list<Bytes> rest)
    : key_bytes_(key_bytes) {
    append_header(command_, '*', 2 + rest.size());
    append_word(command_, name);
    append_header(command_, '$', key_bytes);
    key_offset_ = command_.size();
    command_.append(key_bytes, '0');
    command_ += "\r\n";
    for (const Bytes word : rest) append_word(command_, word);
}

void RespTemplate::append(uint64_t key_index, std::string& out) const {
    const size_t start = out.size();
    out.append(command_);
    format_key(key_index, key_bytes_, out.data() + start + key_offset_);
}

}  // namespace kv::bench
