// CONFIG: Redis's settings as far as kvd has them. See settings.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/commands/glob.h"
#include "server/commands/settings.h"
#include "server/commands/store_report.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

struct Told {
    std::string name;
    const Setting* setting;
};

/// Adds what `pattern` names and was not named before.
void add_matches(Bytes pattern, std::vector<Told>& told) {
    const auto add = [&](std::string name, const Setting& setting) {
        const bool known = std::any_of(told.begin(), told.end(),
                                       [&](const Told& each) { return each.setting == &setting; });
        if (!known) told.push_back({std::move(name), &setting});
    };
    if (pattern.find_first_of("*?[") == Bytes::npos) {
        // A name is told as it was asked for.
        const Setting* setting = find_setting(pattern);
        if (setting != nullptr) add(std::string(pattern), *setting);
        return;
    }
    for (const Setting& setting : settings()) {
        if (glob_matches(pattern, setting.name, true)) add(std::string(setting.name), setting);
    }
}

/// What CONFIG SET asks for. Without a value: what is so already.
struct Change {
    const Setting* setting;
    std::optional<int64_t> value;
};

/// Why `text` cannot be the value of `change`; empty when it can.
std::string check_value(const SettingSource& source, Change& change, Bytes text) {
    const Setting& setting = *change.setting;
    if (setting.set == nullptr) {
        // What it is already needs no change.
        return setting.get(source) == text ? "" : "can't set immutable config";
    }
    change.value = parse_integer(text);
    if (!change.value) return "argument couldn't be parsed into an integer";
    if (*change.value < setting.min) {
        return "argument must be between " + std::to_string(setting.min) + " and " +
               std::to_string(INT64_MAX) + " inclusive";
    }
    return {};
}

void answer_failure(ControlContext& context, Bytes name, std::string_view why) {
    context.reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                        std::string(name) + "') - " + std::string(why));
}

/// The changes in the words from the third on; nullopt: an error was answered.
std::optional<std::vector<Change>> read_changes(ControlContext& context) {
    std::vector<Change> changes;
    for (size_t i = 2; i < context.size(); i += 2) {
        const Bytes name = context.arg(i);
        const Setting* setting = find_setting(name);
        if (setting == nullptr) {
            context.reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                                std::string(name) + "'");
            return std::nullopt;
        }
        if (std::any_of(changes.begin(), changes.end(),
                        [&](const Change& each) { return each.setting == setting; })) {
            answer_failure(context, name, "duplicate parameter");
            return std::nullopt;
        }
        changes.push_back({setting, std::nullopt});
    }
    const SettingSource source{context.shared, context.session.durability()};
    for (size_t i = 0; i < changes.size(); ++i) {
        const std::string why = check_value(source, changes[i], context.arg(3 + i * 2));
        if (why.empty()) continue;
        answer_failure(context, context.arg(2 + i * 2), why);
        return std::nullopt;
    }
    return changes;
}

}  // namespace

void cmd_config_get(ControlContext& context) {
    std::vector<Told> told;
    for (size_t i = 2; i < context.size() && told.size() < settings().size(); ++i) {
        if (!takes_matched(context, i, "pattern")) return;
        add_matches(context.arg(i), told);
    }
    const SettingSource source{context.shared, context.session.durability()};
    context.reply.map(told.size());
    for (const Told& each : told) {
        context.reply.bulk(each.name);
        context.reply.bulk(each.setting->get(source));
    }
}

void cmd_config_set(ControlContext& context) {
    if (context.size() % 2 != 0) return context.reply.error(kSyntaxError);
    const auto changes = read_changes(context);
    if (!changes) return;
    // All or nothing: nothing fails any more.
    for (const Change& change : *changes) {
        if (change.value) change.setting->set(context.shared, *change.value);
    }
    context.reply.ok();
}

void cmd_config_resetstat(ControlContext& context) {
    for (CommandStats& stats : context.shared.command_stats) stats.reset();
    context.shared.error_stats.reset();
    context.shared.info_baseline.reset(count_all(context.shared, context.report->stats));
    context.reply.ok();
}

void cmd_config_rewrite(ControlContext& context) {
    context.reply.error("ERR The server is running without a config file");
}

}  // namespace kv::server
