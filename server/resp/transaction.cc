// See transaction.h.
// SPDX-License-Identifier: Apache-2.0
#include "server/resp/transaction.h"

#include "server/commands/databases.h"
#include "server/commands/greeting.h"

namespace kv::server {
void Transaction::open(SharedState& shared, protocol::resp::Version version, Keyspace space) {
    script_ = std::make_unique<WriteScript>(shared, WriteScript::Kind::kTransaction);
    space_ = space;
    version_ = version;
    control_commands_ = 0;
    refused_ = false;
}

void Transaction::add(const Command& command, const protocol::resp::Args& args,
                      std::vector<protocol::ByteBlock> blocks) {
    script_->add(command, space_, version_, args, std::move(blocks));
    if (command.control != nullptr) ++control_commands_;
    if (command.name == "select") {
        const SelectedDatabase database = read_database(args[1]);
        if (database.error.empty()) space_ = Keyspace(database.index);
    }
    if (command.name == "hello") version_ = read_greeting(args).version.value_or(version_);
}

bool Transaction::is_held_back(const ClientRegistry& clients, uint64_t now_us) const {
    for (size_t i = 0; i < commands(); ++i) {
        if (clients.holds_back(script_->command(i), now_us)) return true;
    }
    return false;
}

void Transaction::require_watched(WriteBatch& batch) const {
    for (const auto& [stored, watched] : watched_) {
        const auto kind = watched.was == Was::kAbsent ? Precondition::Kind::kStillAbsent
                                                      : Precondition::Kind::kNotNewer;
        batch.require({kind, stored, {}, watched.seqno});
        if (watched.was == Was::kExpiring) {
            batch.require({Precondition::Kind::kPresent, stored, {}, 0});
        }
    }
}

std::unique_ptr<WriteScript> Transaction::take() {
    unwatch();
    return std::move(script_);
}

}  // namespace kv::server
