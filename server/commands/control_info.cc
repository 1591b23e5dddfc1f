// INFO: which sections, and in which order. Their texts are in info_text.h.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bitset>

#include "server/commands/control_handlers.h"
#include "server/commands/control_words.h"
#include "server/commands/info_text.h"

namespace kv::server {
namespace {

struct Section {
    std::string_view name;
    bool is_default;  ///< Shown by INFO without a section.
    bool in_all;
    void (*write)(const InfoSource& source, InfoText& info);
};
constexpr std::array kSections{
    Section{"server", true, true, info_server},
    Section{"clients", true, true, info_clients},
    Section{"memory", true, true, info_memory},
    Section{"persistence", true, true, info_persistence},
    Section{"stats", true, true, info_stats},
    Section{"replication", true, true, info_replication},
    Section{"cpu", true, true, info_cpu},
    Section{"modules", true, false, info_modules},
    Section{"commandstats", false, true, info_commandstats},
    Section{"errorstats", true, true, info_errorstats},
    Section{"latencystats", false, true, info_latencystats},
    Section{"cluster", true, true, info_cluster},
    Section{"keyspace", true, true, info_keyspace},
    Section{"kvd", false, true, info_kvd},
};
using Chosen = std::bitset<kSections.size()>;

void choose(Chosen& chosen, Bytes word) {
    const bool everything = word_is(word, "everything");
    for (size_t i = 0; i < kSections.size(); ++i) {
        const Section& section = kSections[i];
        if (everything || word_is(word, section.name) || (section.in_all && word_is(word, "all")) ||
            (section.is_default && word_is(word, "default"))) {
            chosen.set(i);
        }
    }
}

Chosen chosen_by(const protocol::resp::Args& args) {
    Chosen chosen;
    if (args.size() == 1) choose(chosen, "default");
    for (size_t i = 1; i < args.size(); ++i) choose(chosen, args[i]);
    return chosen;
}

}  // namespace

bool asks_for_databases(const protocol::resp::Args& args) {
    const Chosen chosen = chosen_by(args);
    for (size_t i = 0; i < kSections.size(); ++i) {
        if (chosen.test(i) && kSections[i].write == info_keyspace) return true;
    }
    return false;
}

void cmd_info(ControlContext& context) {
    const Chosen chosen = chosen_by(context.args);
    InfoText info;
    if (chosen.any()) {
        const InfoSource source{context.shared, *context.report, context.now_us};
        for (size_t i = 0; i < kSections.size(); ++i) {
            if (chosen.test(i)) kSections[i].write(source, info);
        }
    }
    context.reply.verbatim("txt", info.text());
}

}  // namespace kv::server
