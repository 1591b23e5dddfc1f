// MEMORY: what the daemon holds, by the store's own account.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "server/commands/control_handlers.h"
#include "server/commands/store_report.h"
#include "server/process_usage.h"
#include "server/shared_state.h"

namespace kv::server {
namespace {

struct Figure {
    std::string_view name;
    uint64_t value;
};

double share(uint64_t part, uint64_t whole) {
    return whole == 0 ? 0 : static_cast<double>(part) * 100 / static_cast<double>(whole);
}

}  // namespace

void cmd_memory_stats(ControlContext& context) {
    const StoreStats& stats = context.report->stats;
    const uint64_t network =
        static_cast<uint64_t>(std::max<int64_t>(context.shared.memory.used(), 0));
    const uint64_t total = stats.memory_used_bytes + network;
    const ProcessUsage usage = process_usage();
    const std::array figures{
        Figure{"peak.allocated", usage.peak_resident_bytes},
        Figure{"total.allocated", total},
        Figure{"startup.allocated", 0},
        Figure{"replication.backlog", 0},
        Figure{"clients.slaves", 0},
        Figure{"clients.normal", network},
        Figure{"cluster.links", 0},
        Figure{"aof.buffer", 0},
        Figure{"lua.caches", 0},
        Figure{"functions.caches", 0},
        Figure{"overhead.total", stats.table_memory_bytes + network},
        Figure{"dataset.bytes", stats.cache_bytes + stats.memtable_bytes},
        Figure{"allocator.resident", usage.resident_bytes},
        Figure{"kvd.cache", stats.cache_bytes},
        Figure{"kvd.memtables", stats.memtable_bytes},
        Figure{"kvd.tables", stats.table_memory_bytes},
        Figure{"kvd.budget", stats.memory_budget_bytes},
    };
    context.reply.map(figures.size() + 2);
    for (const Figure& figure : figures) {
        context.reply.bulk(figure.name);
        context.reply.integer(static_cast<int64_t>(figure.value));
    }
    context.reply.bulk("dataset.percentage");
    context.reply.number(share(stats.cache_bytes + stats.memtable_bytes, total));
    context.reply.bulk("peak.percentage");
    context.reply.number(share(usage.resident_bytes, usage.peak_resident_bytes));
}

void cmd_memory_doctor(ControlContext& context) {
    const StoreStats& stats = context.report->stats;
    std::string text = "The store holds " + std::to_string(stats.memory_used_bytes) + " of its " +
                       std::to_string(stats.memory_budget_bytes) +
                       " bytes (engine.memory_budget). ";
    text += stats.memory_used_bytes > stats.memory_budget_bytes
                ? "That is over the budget, which tables in use can cause: raise it, or keep fewer "
                  "snapshots and scans open.\n"
                : "A full budget is no trouble: what is cached gives way.\n";
    context.reply.verbatim("txt", text);
}

/// Done already: kTrimsMemory.
void cmd_memory_purge(ControlContext& context) { context.reply.ok(); }

void cmd_memory_malloc_stats(ControlContext& context) {
    const struct mallinfo2& info = context.report->allocator;
    const std::array figures{
        Figure{"arena", info.arena},        Figure{"mapped", info.hblkhd},
        Figure{"in use", info.uordblks},    Figure{"free", info.fordblks},
        Figure{"trimmable", info.keepcost},
    };
    std::string text = "glibc malloc, bytes\n";
    for (const Figure& figure : figures) {
        text += std::string(figure.name) + ": " + std::to_string(figure.value) + "\n";
    }
    context.reply.verbatim("txt", text);
}

}  // namespace kv::server
