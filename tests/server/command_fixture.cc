// See command_fixture.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/command_fixture.h"

#include <map>

namespace kv::server {
namespace {

const std::map<std::string, DataHandler, std::less<>>& handlers() {
    static const std::map<std::string, DataHandler, std::less<>> all = {
        {"set", cmd_set},
        {"setnx", cmd_setnx},
        {"setex", cmd_setex},
        {"psetex", cmd_psetex},
        {"getex", cmd_getex},
        {"get", cmd_get},
        {"getset", cmd_getset},
        {"getdel", cmd_getdel},
        {"mget", cmd_mget},
        {"mset", cmd_mset},
        {"msetnx", cmd_msetnx},
        {"append", cmd_append},
        {"strlen", cmd_strlen},
        {"incr", cmd_incr},
        {"decr", cmd_decr},
        {"incrby", cmd_incrby},
        {"decrby", cmd_decrby},
        {"incrbyfloat", cmd_incrbyfloat},
        {"getrange", cmd_getrange},
        {"substr", cmd_substr},
        {"setrange", cmd_setrange},
        {"lcs", cmd_lcs},
        {"del", cmd_del},
        {"unlink", cmd_unlink},
        {"exists", cmd_exists},
        {"touch", cmd_touch},
        {"type", cmd_type},
        {"rename", cmd_rename},
        {"renamenx", cmd_renamenx},
        {"copy", cmd_copy},
        {"expire", cmd_expire},
        {"pexpire", cmd_pexpire},
        {"expireat", cmd_expireat},
        {"pexpireat", cmd_pexpireat},
        {"ttl", cmd_ttl},
        {"pttl", cmd_pttl},
        {"expiretime", cmd_expiretime},
        {"pexpiretime", cmd_pexpiretime},
        {"persist", cmd_persist},
        {"keys", cmd_keys},
        {"scan", cmd_scan},
        {"randomkey", cmd_randomkey},
        {"dbsize", cmd_dbsize},
        {"flushdb", cmd_flushdb},
        {"flushall", cmd_flushall},
        {"object encoding", cmd_object_encoding},
        {"object refcount", cmd_object_refcount},
        {"object idletime", cmd_object_idletime},
        {"object freq", cmd_object_freq},
        {"object help", cmd_object_help},
        {"memory usage", cmd_memory_usage},
        {"kv.range", cmd_kv_range},
        {"kv.revrange", cmd_kv_revrange},
        {"kv.delrange", cmd_kv_delrange},
        {"kv.delprefix", cmd_kv_delprefix},
        {"kv.explain", cmd_kv_explain},
    };
    return all;
}

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return text;
}

DataHandler handler_of(const std::vector<std::string>& words) {
    auto found = handlers().find(lower(words[0]));
    if (found == handlers().end() && words.size() > 1)
        found = handlers().find(lower(words[0] + ' ' + words[1]));
    return found == handlers().end() ? nullptr : found->second;
}

std::string unescape(std::string_view word) {
    std::string out;
    for (size_t i = 0; i < word.size(); ++i) {
        if (word.substr(i, 2) == "\\x") {
            out += static_cast<char>(std::stoi(std::string(word.substr(i + 2, 2)), nullptr, 16));
            i += 3;
        } else {
            out += word[i] == '_' ? ' ' : word[i];
        }
    }
    return out;
}

/// Takes one value off `text`; false when it is not whole.
bool take_answer(std::string_view& text) {
    const size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return false;
    const char kind = text[0];
    const std::string head(text.substr(1, end - 1));
    text.remove_prefix(end + 2);
    if (kind == '$') {
        const auto size = std::stoll(head);
        if (size < 0) return true;
        const auto whole = static_cast<size_t>(size) + 2;
        if (text.size() < whole) return false;
        text.remove_prefix(whole);
    } else if (kind == '*' || kind == '%') {
        for (auto left = std::stoll(head) * (kind == '%' ? 2 : 1); left > 0; --left) {
            if (!take_answer(text)) return false;
        }
    }
    return true;
}

}  // namespace

size_t count_answers(std::string_view text) {
    size_t count = 0;
    for (; !text.empty(); ++count) {
        if (!take_answer(text)) return 0;
    }
    return count;
}

std::vector<std::string> CommandFixture::words_of(std::string_view line) {
    std::vector<std::string> words;
    for (size_t at = 0; at <= line.size();) {
        const size_t end = std::min(line.find(' ', at), line.size());
        const std::string_view word = line.substr(at, end - at);
        words.push_back(word == "\"\"" ? "" : unescape(word));
        at = end + 1;
    }
    return words;
}

std::string CommandFixture::with_bars(std::string_view answer) {
    std::string out;
    for (size_t i = 0; i < answer.size(); ++i) {
        const bool line_end = answer.substr(i, 2) == "\r\n";
        out += line_end ? '|' : answer[i];
        if (line_end) ++i;
    }
    return out;
}

std::string CommandFixture::answer(const std::vector<std::string>& words) {
    const DataHandler handler = handler_of(words);
    if (handler == nullptr) return "no such command";
    const protocol::resp::Args args(words.begin(), words.end());
    std::string out;
    protocol::resp::ReplyWriter reply(out, version);
    DataContext context{args, view, Keyspace(database), reply, shared()};
    const size_t mutations = view.mutations;
    const Status status = handler(context);
    if (!status.is_ok()) {
        CHECK(view.mutations == mutations);
        return "status: " + status.to_string();
    }
    CHECK(count_answers(out) == 1);
    return out;
}

}  // namespace kv::server
