// Commands on keyspaces: keyspaces, keyspace create, keyspace drop.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/escape.h"

namespace kv::cli {

namespace {

using Json = nlohmann::json;
using client::KeyspaceInfo;
using Row = std::array<std::string, 5>;

Json to_json(const KeyspaceInfo& info) {
    return {{"name", info.name},      {"id", info.id},     {"keys", info.approximate_keys},
            {"reads", info.reads},    {"hits", info.hits}, {"writes", info.writes},
            {"deletes", info.deletes}};
}

Row to_row(const KeyspaceInfo& info) {
    return {info.name, std::to_string(info.approximate_keys), std::to_string(info.reads),
            std::to_string(info.hits), std::to_string(info.writes + info.deletes)};
}

/// Columns as wide as their widest cell: the name to the left, numbers to the right.
void print_table(const std::vector<Row>& rows, Output& out) {
    std::array<size_t, 5> widths{};
    for (const Row& row : rows) {
        for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    for (const Row& row : rows) {
        if (!out.wants_more()) return;
        std::string line = row[0] + std::string(widths[0] - row[0].size(), ' ');
        for (size_t i = 1; i < row.size(); ++i) {
            line += "  " + std::string(widths[i] - row[i].size(), ' ') + row[i];
        }
        out.line(line);
    }
}

CommandResult drop(Context& context, const std::string& name, bool ask) {
    auto all = context.client->keyspaces(name);
    if (!all.is_ok()) return failed(all.error());
    const auto found =
        std::find_if(all->begin(), all->end(), [&](const auto& each) { return each.name == name; });
    if (found != all->end() && ask) {
        const Result<bool> yes =
            context.confirmed("drop keyspace " + found->name + " with about " +
                              std::to_string(found->approximate_keys) + " keys?");
        if (!yes.is_ok()) return failed(yes.error());
        if (!*yes) return failed({Code::kCancelled, "keyspace: nothing was dropped"});
    }
    auto dropped = context.client->drop_keyspace(name);
    if (!dropped.is_ok()) return failed(dropped.error());
    if (!*dropped) {
        return {ExitCode::kNotFound,
                Status::not_found("no keyspace '" + encode_escapes(name) + "'")};
    }
    context.out.result("ok", Json{{"ok", true}}.dump());
    return done();
}

}  // namespace

CommandResult run_keyspaces(Context& context, const Arguments& arguments) {
    auto all = context.client->keyspaces(arguments.words.empty() ? Bytes() : arguments.words[0]);
    if (!all.is_ok()) return failed(all.error());
    context.out.begin_listing();
    if (context.out.format() == Format::kJson) {
        for (const KeyspaceInfo& info : *all) context.out.line(to_json(info).dump());
        return done();
    }
    std::vector<Row> rows = {{"name", "keys about", "reads", "hits", "writes"}};
    for (const KeyspaceInfo& info : *all) rows.push_back(to_row(info));
    print_table(rows, context.out);
    return done();
}

CommandResult run_keyspace(Context& context, const Arguments& arguments) {
    const std::string& verb = arguments.words[0];
    const std::string& name = arguments.words[1];
    if (verb == "drop") return drop(context, name, !arguments.has("--yes"));
    if (verb != "create")
        return usage_error("'" + encode_escapes(verb) + "'; expected create or drop");
    auto created = context.client->create_keyspace(name);
    if (!created.is_ok()) return failed(created.error());
    context.out.result(*created ? "ok" : "ok, it was there",
                       Json{{"ok", true}, {"created", *created}}.dump());
    return done();
}

}  // namespace kv::cli
