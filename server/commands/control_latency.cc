// SLOWLOG and LATENCY: what took long.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>

#include "server/commands/command_table.h"
#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/commands/latency_text.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

constexpr int64_t kSlowEntries = 10;

int64_t as_integer(uint64_t value) { return static_cast<int64_t>(value); }

void answer_entry(ControlContext& context, const SlowLog::Entry& entry) {
    context.reply.array(6);
    context.reply.integer(as_integer(entry.id));
    context.reply.integer(as_integer(entry.unix_s));
    context.reply.integer(as_integer(entry.took_us));
    context.reply.array(entry.args.size());
    for (const std::string& word : entry.args) context.reply.bulk(word);
    context.reply.bulk(entry.peer);
    context.reply.bulk(entry.client_name);
}

struct Histogram {
    std::string_view name;
    CommandTotals totals;
};

/// The commands that LATENCY HISTOGRAM names, or all. One that only has subcommands stands for
/// them.
CommandList named(const ControlContext& context) {
    CommandList commands;
    if (context.size() == 2) {
        for (size_t i = 0; i < command_count(); ++i) commands.add(command_at(i));
    }
    for (size_t i = 2; i < context.size(); ++i) {
        const Command* const command = find_by_full_name(context.arg(i));
        if (command == nullptr) continue;
        commands.add(*command);
        for (const Command& part : subcommands_of(command->name)) commands.add(part);
    }
    return commands;
}

void answer_histogram(ControlContext& context, const CommandTotals& totals) {
    const auto& buckets = totals.buckets;
    const auto filled =
        std::count_if(buckets.begin(), buckets.end(), [](uint64_t calls) { return calls != 0; });
    context.reply.map(2);
    context.reply.bulk("calls");
    context.reply.integer(as_integer(totals.calls));
    context.reply.bulk("histogram_usec");
    context.reply.map(static_cast<size_t>(filled));
    uint64_t calls = 0;
    for (size_t i = 0; i < buckets.size(); ++i) {
        calls += buckets[i];
        if (buckets[i] == 0) continue;
        context.reply.integer(as_integer(1ULL << i));
        context.reply.integer(as_integer(calls));
    }
}

}  // namespace

void cmd_slowlog_get(ControlContext& context) {
    if (context.size() > 3) return answer_wrong_number_of(context, "SLOWLOG");
    constexpr std::string_view kBadCount = "ERR count should be greater than or equal to -1";
    int64_t count = kSlowEntries;
    if (context.size() == 3) {
        const auto given = integer_arg(context, 2, kBadCount);
        if (!given) return;
        if (*given < -1) return context.reply.error(kBadCount);
        count = *given == -1 ? std::numeric_limits<int64_t>::max() : *given;
    }
    const auto entries = context.shared.slow_log.newest(static_cast<size_t>(count));
    context.reply.array(entries.size());
    for (const SlowLog::Entry& entry : entries) {
        answer_entry(context, entry);
        if (has_outgrown(context)) return;
    }
}

void cmd_slowlog_len(ControlContext& context) {
    context.reply.integer(as_integer(context.shared.slow_log.size()));
}

void cmd_slowlog_reset(ControlContext& context) {
    context.shared.slow_log.clear();
    context.reply.ok();
}

void cmd_latency_history(ControlContext& context) {
    LatencyMonitor::Event event;
    if (!context.shared.latency.find(context.arg(2), event)) return context.reply.array(0);
    context.reply.array(event.samples.size());
    for (const LatencyMonitor::Sample& sample : event.samples) {
        context.reply.array(2);
        context.reply.integer(as_integer(sample.unix_s));
        context.reply.integer(as_integer(sample.ms));
    }
}

void cmd_latency_latest(ControlContext& context) {
    const auto events = context.shared.latency.events();
    context.reply.array(events.size());
    for (const LatencyMonitor::Event& event : events) {
        context.reply.array(4);
        context.reply.bulk(event.name);
        context.reply.integer(as_integer(event.samples.back().unix_s));
        context.reply.integer(as_integer(event.samples.back().ms));
        context.reply.integer(as_integer(event.max_ms));
    }
}

void cmd_latency_reset(ControlContext& context) {
    LatencyMonitor& latency = context.shared.latency;
    int64_t dropped = 0;
    if (context.size() == 2) {
        dropped = static_cast<int64_t>(latency.events().size());
        latency.clear();
    }
    for (size_t i = 2; i < context.size(); ++i) dropped += latency.clear(context.arg(i)) ? 1 : 0;
    context.reply.integer(dropped);
}

void cmd_latency_graph(ControlContext& context) {
    LatencyMonitor::Event event;
    if (!context.shared.latency.find(context.arg(2), event)) {
        return context.reply.error("ERR No samples available for event '" +
                                   std::string(context.arg(2)) + "'");
    }
    context.reply.verbatim("txt", latency_graph(event, context.shared.clock.wall_ms() / 1000));
}

void cmd_latency_doctor(ControlContext& context) {
    context.reply.verbatim("txt", latency_report(context.shared.latency));
}

void cmd_latency_histogram(ControlContext& context) {
    std::vector<Histogram> found;
    const CommandList commands = named(context);
    for (const Command* const command : commands.all()) {
        const CommandTotals totals = totals_of(context.shared.command_stats, *command);
        if (totals.calls != 0) found.push_back({command->name, totals});
    }
    context.reply.map(found.size());
    for (const Histogram& histogram : found) {
        context.reply.bulk(histogram.name);
        answer_histogram(context, histogram.totals);
    }
}

}  // namespace kv::server
