// See syntax_tree.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/commands/syntax_tree.h"

#include <algorithm>
#include <utility>

#include "kv/assert.h"

namespace kv::server {
namespace {

using Kind = Argument::Kind;

bool is_token(std::string_view word) { return word.front() >= 'A' && word.front() <= 'Z'; }

std::string lower_name(std::string_view word) {
    std::string name(word);
    for (char& c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    return name;
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    /// Up to the end, or the bracket that closes what it is in.
    std::vector<Argument> sequence() {
        std::vector<Argument> found;
        for (skip_spaces(); !at_end() && !peek_is("|]>"); skip_spaces()) {
            if (take('[')) {
                in_brackets(found);
            } else if (take('<')) {
                found.push_back(choice('>'));
            } else {
                add_word(found);
            }
        }
        return found;
    }

  private:
    bool at_end() const { return text_.empty(); }
    bool peek_is(std::string_view any) const {
        return !at_end() && any.find(text_.front()) != std::string_view::npos;
    }
    void skip_spaces() {
        text_.remove_prefix(std::min(text_.find_first_not_of(' '), text_.size()));
    }
    bool take(char c) {
        if (at_end() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    std::string_view word() {
        const std::string_view found = text_.substr(0, text_.find_first_of(" []<>|"));
        KV_ASSERT(!found.empty());
        text_.remove_prefix(found.size());
        return found;
    }

    void add_word(std::vector<Argument>& found) {
        const std::string_view first = word();
        Argument argument;
        argument.name = lower_name(first);
        if (is_token(first)) {
            argument.kind = Kind::kToken;
            argument.token = first;
            skip_spaces();
            if (take('<')) {
                argument = choice('>');
                argument.token = first;
            } else if (!at_end() && !peek_is("[]<>|") && !is_token(text_)) {
                argument.kind = Kind::kValue;
                argument.name = lower_name(word());
            }
        }
        found.push_back(std::move(argument));
    }

    /// Behind its opening bracket. One alternative is no choice.
    Argument choice(char closing) {
        std::vector<Argument> alternatives;
        do {
            std::vector<Argument> items = sequence();
            alternatives.push_back(items.size() == 1 ? std::move(items.front())
                                                     : block(std::move(items)));
        } while (take('|'));
        KV_ASSERT(take(closing));
        if (alternatives.size() == 1) return std::move(alternatives.front());
        Argument one_of;
        one_of.kind = Kind::kOneOf;
        for (const Argument& each : alternatives) {
            one_of.name += (one_of.name.empty() ? "" : "_") + each.name;
        }
        one_of.parts = std::move(alternatives);
        return one_of;
    }

    /// What stands in [...]: something optional, or the repetition of what stands before it.
    void in_brackets(std::vector<Argument>& found) {
        const std::string_view before = text_;
        std::vector<Argument> items = sequence();
        if (!items.empty() && items.back().name == "...") {
            KV_ASSERT(take(']'));
            items.pop_back();
            repeat_last(found, items.size());
            return;
        }
        text_ = before;
        Argument argument = choice(']');
        argument.optional = true;
        found.push_back(std::move(argument));
    }

    static void repeat_last(std::vector<Argument>& found, size_t count) {
        KV_ASSERT(count != 0 && found.size() >= count);
        if (count > 1) {
            const auto first = found.end() - static_cast<std::ptrdiff_t>(count);
            Argument all =
                block({std::make_move_iterator(first), std::make_move_iterator(found.end())});
            found.erase(first, found.end());
            found.push_back(std::move(all));
        }
        found.back().multiple = true;
    }

    static Argument block(std::vector<Argument> items) {
        Argument all;
        all.kind = Kind::kBlock;
        for (const Argument& item : items) all.name += (all.name.empty() ? "" : "_") + item.name;
        all.parts = std::move(items);
        return all;
    }

    std::string_view text_;
};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<Argument> parse_syntax(std::string_view syntax) { return Parser(syntax).sequence(); }

std::string_view type_of(const Argument& argument) {
    switch (argument.kind) {
        case Kind::kToken:
            return "pure-token";
        case Kind::kOneOf:
            return "oneof";
        case Kind::kBlock:
            return "block";
        case Kind::kValue:
            break;
    }
    const std::string_view name = argument.name;
    if (is_one_of(name, {"key", "key1", "key2", "newkey", "source", "destination"})) return "key";
    if (name.starts_with("unix-time")) return "unix-time";
    if (name == "pattern") return "pattern";
    const bool number =
        is_one_of(name, {"seconds", "milliseconds", "increment", "decrement", "offset", "cursor",
                         "count", "index", "timeout", "numreplicas", "numlocal", "client-id", "len",
                         "protover", "destination-db"});
    return number ? "integer" : "string";
}

}  // namespace kv::server
