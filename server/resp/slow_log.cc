// See slow_log.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/slow_log.h"

#include <algorithm>
#include <utility>

#include "server/commands/argument_words.h"

namespace kv::server {
namespace {

std::string shortened(Bytes word) {
    if (word.size() <= SlowLog::kMostArgBytes) return std::string(word);
    return std::string(word.substr(0, SlowLog::kMostArgBytes)) + "... (" +
           std::to_string(word.size() - SlowLog::kMostArgBytes) + " more bytes)";
}

/// Whether word `i` is of the kind that may hold a password. In HELLO that is told by what is
/// before it, wherever it stands: a HELLO that is wrong holds one all the same.
bool is_secret(const protocol::resp::Args& args, size_t i) {
    if (i == 0) return false;
    if (word_is(args[0], "auth")) return true;
    if (word_is(args[0], "hello")) {
        return word_is(args[i - 1], "auth") || (i > 1 && word_is(args[i - 2], "auth"));
    }
    if (!word_is(args[0], "config") || !word_is(args[1], "set") || i < 3) return false;
    return word_is(args[i - 1], "requirepass") || word_is(args[i - 1], "masterauth") ||
           word_is(args[i - 1], "masteruser");
}

std::vector<std::string> shortened(const protocol::resp::Args& args) {
    std::vector<std::string> words;
    const bool all = args.size() <= SlowLog::kMostArgs;
    const size_t shown = all ? args.size() : SlowLog::kMostArgs - 1;
    for (size_t i = 0; i < shown; ++i) {
        words.push_back(is_secret(args, i) ? "(redacted)" : shortened(args[i]));
    }
    if (!all) {
        words.push_back("... (" + std::to_string(args.size() - shown) + " more arguments)");
    }
    return words;
}

}  // namespace

void SlowLog::note(uint64_t took_us, const protocol::resp::Args& args, const ClientHandle& client,
                   uint64_t wall_ms) {
    Entry entry{
        0, wall_ms / 1000, took_us, shortened(args), client.peer, shortened(client.facts().name)};
    const std::lock_guard lock(mutex_);
    entry.id = next_id_++;
    entries_.push_front(std::move(entry));
    while (entries_.size() > capacity()) entries_.pop_back();
}

std::vector<SlowLog::Entry> SlowLog::newest(size_t count) const {
    const std::lock_guard lock(mutex_);
    const size_t shown = std::min(count, entries_.size());
    return {entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(shown)};
}

size_t SlowLog::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

void SlowLog::clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
}

}  // namespace kv::server
