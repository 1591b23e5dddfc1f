// The file side of the loader: kvd.toml by toml++, with file, line and column in every message.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "config/key_table.h"
#include "config/loader.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace kv::config {
namespace {

class TomlReader {
  public:
    TomlReader(const std::string& file, LoadedConfig& loaded) : file_(file), loaded_(loaded) {}

    void read_table(const toml::table& table, const std::string& prefix) {
        for (const auto& [name, node] : table) {
            const std::string full = prefix + std::string(name.str());
            if (const toml::table* inner = node.as_table(); inner && find_key(full) == nullptr) {
                if (!is_section(full)) {
                    add_error(name.source(), "unknown section '" + full + "'" + hint(full));
                } else {
                    read_table(*inner, full + ".");
                }
                continue;
            }
            read_value(full, name.source(), node);
        }
    }

    void add_error(const toml::source_region& where, const std::string& what) {
        errors_.push_back({where.begin.line, where.begin.column, what});
    }

    /// One line an error, in the order of the file: tables iterate by name.
    Status status() {
        if (errors_.empty()) return Status::ok();
        std::sort(errors_.begin(), errors_.end(), [](const Error& a, const Error& b) {
            return std::tie(a.line, a.column) < std::tie(b.line, b.column);
        });
        std::string text;
        for (const Error& error : errors_) {
            if (!text.empty()) text += '\n';
            text += file_ + ":" + std::to_string(error.line) + ":" + std::to_string(error.column) +
                    ": " + error.what;
        }
        return Status::invalid_argument(std::move(text));
    }

  private:
    struct Error {
        uint32_t line;
        uint32_t column;
        std::string what;
    };

    static bool is_section(const std::string& name) {
        for (const Key& key : keys()) {
            if (key.name.starts_with(name + ".")) return true;
        }
        return false;
    }

    static std::string hint(const std::string& name) {
        const std::string_view nearest = nearest_key(name);
        return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
    }

    void read_value(const std::string& name, const toml::source_region& where,
                    const toml::node& node) {
        const Key* key = find_key(name);
        if (key == nullptr) {
            add_error(where, "unknown key '" + name + "'" + hint(name));
            return;
        }
        std::string text;
        if (!to_text(*key, node, text)) {
            add_error(node.source(), name + ": expected " + std::string(kind_name(key->kind)));
            return;
        }
        const Status status = set_value(*key, text, loaded_.config);
        if (!status.is_ok()) add_error(node.source(), name + ": " + std::string(status.message()));
        loaded_.sources.insert_or_assign(name,
                                         file_ + ":" + std::to_string(node.source().begin.line));
    }

    /// False when the TOML type does not fit the key's kind.
    static bool to_text(const Key& key, const toml::node& node, std::string& text) {
        const bool number = key.kind == Kind::kCount || key.kind == Kind::kSize;
        if (const auto* integer = node.as_integer(); integer && number) {
            text = std::to_string(integer->get());
            return true;
        }
        if (const auto* flag = node.as_boolean(); flag && key.kind == Kind::kBool) {
            text = flag->get() ? "true" : "false";
            return true;
        }
        if (const auto* quoted = node.as_string(); quoted && is_quoted(key.kind)) {
            text = quoted->get();
            return true;
        }
        return false;
    }

    const std::string& file_;
    LoadedConfig& loaded_;
    std::vector<Error> errors_;
};

}  // namespace

Status apply_toml(std::string_view text, const std::string& file, LoadedConfig& loaded) {
    TomlReader reader(file, loaded);
    const toml::parse_result result = toml::parse(text, std::string_view(file));
    if (!result) {
        reader.add_error(result.error().source(), std::string(result.error().description()));
    } else {
        reader.read_table(result.table(), "");
    }
    return reader.status();
}

}  // namespace kv::config
