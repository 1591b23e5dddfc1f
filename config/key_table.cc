// See key_table.h. A new setting is one member of Config, one row here and one entry in kvd.toml.
// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "config/parse_value.h"

namespace kv::config {
namespace {

constexpr uint64_t kNone = 0;
constexpr uint64_t kKiB = 1ULL << 10, kMiB = 1ULL << 20, kGiB = 1ULL << 30, kTiB = 1ULL << 40;
constexpr uint64_t kSecond = 1000, kHour = 3'600'000, kDay = 24 * kHour;
constexpr uint64_t kU32 = std::numeric_limits<uint32_t>::max();

#define KV_FIELD(member) [](Config& c) -> Field { return &c.member; }

constexpr std::array kKeys{
    Key{"data_dir", Kind::kText, kNone, kNone, false, "", "directory of the store",
        KV_FIELD(data_dir)},
    Key{"listen", Kind::kAddress, kNone, kNone, false, "", "native protocol, ADDR:PORT",
        KV_FIELD(listen)},
    Key{"resp_listen", Kind::kAddressOrOff, kNone, kNone, false, "",
        "Redis protocol, ADDR:PORT or off", KV_FIELD(resp_listen)},
    Key{"admin_listen", Kind::kAddressOrOff, kNone, kNone, false, "",
        "admin HTTP, ADDR:PORT or off; this version knows off only", KV_FIELD(admin_listen)},
    Key{"allow_public_bind", Kind::kBool, kNone, kNone, false, "",
        "listen on addresses that other machines reach, without authentication",
        KV_FIELD(allow_public_bind)},

    Key{"resp.durability", Kind::kText, kNone, kNone, false, "memory|os|disk",
        "what an answer to a write over the Redis protocol promises", KV_FIELD(resp_durability)},

    Key{"threads.network", Kind::kCount, 1, 64, true, "",
        "network threads; 0: half the cores, 1 to 4", KV_FIELD(network_threads)},
    Key{"threads.read", Kind::kCount, 1, 256, false, "", "threads for reads that need the disk",
        KV_FIELD(read_threads)},

    Key{"limits.connections", Kind::kCount, 1, 1'000'000, false, "", "clients at once",
        KV_FIELD(limits.connections)},
    Key{"limits.outstanding_per_connection", Kind::kCount, 1, 65'536, false, "",
        "unanswered requests of one connection; past it reading stops",
        KV_FIELD(limits.outstanding_per_connection)},
    Key{"limits.unread_reply_size", Kind::kSize, 64 * kKiB, 64 * kGiB, false, "",
        "replies that one client has not read; past it reading stops",
        KV_FIELD(limits.unread_reply_bytes)},
    Key{"limits.slow_reader_timeout", Kind::kDuration, 100, kDay, false, "",
        "over unread_reply_size, the time for the next eighth of it to be taken, 1MiB at least",
        KV_FIELD(limits.slow_reader_timeout_ms)},
    Key{"limits.network_memory", Kind::kSize, 16 * kMiB, kTiB, false, "",
        "all network buffers together", KV_FIELD(limits.network_memory_bytes)},
    Key{"limits.hello_frame_size", Kind::kSize, 256, kMiB, false, "",
        "largest frame before HELLO is answered", KV_FIELD(limits.hello_frame_bytes)},
    Key{"limits.hello_timeout", Kind::kDuration, 100, kHour, false, "",
        "time to finish HELLO before the connection is closed", KV_FIELD(limits.hello_timeout_ms)},
    Key{"limits.hello_connections_per_address", Kind::kCount, 1, 1'000'000, false, "",
        "connections of one address that have not finished HELLO",
        KV_FIELD(limits.hello_connections_per_address)},
    Key{"limits.idle_timeout", Kind::kDuration, kSecond, 30 * kDay, true, "",
        "silence before a connection is closed; off: never", KV_FIELD(limits.idle_timeout_ms)},
    // Linux takes no more than 32767 s for TCP_KEEPIDLE.
    Key{"limits.keepalive", Kind::kDuration, kSecond, 9 * kHour, true, "",
        "silence before TCP probes the peer; off: never", KV_FIELD(limits.keepalive_ms)},
    Key{"limits.scans_per_connection", Kind::kCount, 1, 65'536, false, "", "open scans",
        KV_FIELD(limits.scans_per_connection)},
    Key{"limits.scan_lease", Kind::kDuration, kSecond, kDay, false, "",
        "time without credit from the client before a scan is closed",
        KV_FIELD(limits.scan_lease_ms)},
    Key{"limits.snapshots", Kind::kCount, 1, 1'000'000, false, "", "open snapshots in all",
        KV_FIELD(limits.snapshots)},
    Key{"limits.snapshot_lease", Kind::kDuration, kSecond, 7 * kDay, false, "",
        "longest lease that a snapshot gets", KV_FIELD(limits.snapshot_lease_ms)},
    Key{"limits.queued_reads", Kind::kCount, 1, 1'000'000, false, "",
        "reads waiting for a read thread; past it: overloaded", KV_FIELD(limits.queued_reads)},
    Key{"limits.drain_timeout", Kind::kDuration, 1, kHour, false, "",
        "time to finish outstanding requests at shutdown", KV_FIELD(limits.drain_timeout_ms)},

    Key{"engine.memory_budget", Kind::kSize, 16 * kMiB, kTiB, false, "",
        "all the memory that the store may hold", KV_FIELD(engine.memory_budget_bytes)},
    Key{"engine.disk_budget", Kind::kSize, 64 * kMiB, 1024 * kTiB, true, "",
        "all the disk that the data directory may take; 0: no bound",
        KV_FIELD(engine.disk_budget_bytes)},
    Key{"engine.memtable_size", Kind::kSize, 64 * kKiB, 4 * kGiB, true, "",
        "a full memtable becomes a table; 0: from the memory budget",
        KV_FIELD(engine.memtable_bytes)},
    Key{"engine.block_cache_size", Kind::kSize, kMiB, kTiB, true, "",
        "most that cached blocks may take; 0: what the memory budget leaves",
        KV_FIELD(engine.block_cache_bytes)},
    Key{"engine.block_size", Kind::kSize, 512, kMiB, false, "", "uncompressed data block",
        KV_FIELD(engine.block_size_bytes)},
    Key{"engine.table_size", Kind::kSize, 64 * kKiB, 4 * kGiB, false, "", "compaction output",
        KV_FIELD(engine.table_bytes)},
    Key{"engine.compression", Kind::kText, kNone, kNone, false, "none|lz4|zstd",
        "of tables, by level; zstd: of the last level, lz4 above it", KV_FIELD(engine.compression)},
    Key{"engine.bloom_bits_per_key", Kind::kCount, 1, 32, true, "",
        "filter bits in the last level, more above; 0: no filters",
        KV_FIELD(engine.bloom_bits_per_key)},
    Key{"engine.wal_segment_size", Kind::kSize, 64 * kKiB, 4 * kGiB, false, "", "log segment",
        KV_FIELD(engine.wal_segment_bytes)},
    Key{"engine.level0_compaction_trigger", Kind::kCount, 2, 1000, false, "",
        "level 0 tables that start a compaction", KV_FIELD(engine.level0_compaction_trigger)},
    Key{"engine.level0_stop_trigger", Kind::kCount, 4, 10'000, false, "",
        "level 0 tables at which writes wait", KV_FIELD(engine.level0_stop_trigger)},
    Key{"engine.level1_size", Kind::kSize, kMiB, kTiB, false, "", "target of level 1",
        KV_FIELD(engine.level1_bytes)},
    Key{"engine.compaction_threads", Kind::kCount, 0, 64, false, "", "compactions side by side",
        KV_FIELD(engine.compaction_threads)},
    Key{"engine.max_queued_writes_size", Kind::kSize, kMiB, 64 * kGiB, true, "",
        "writes waiting for the engine, past it: overloaded; 0: from the memory budget",
        KV_FIELD(engine.max_queued_write_bytes)},
    Key{"engine.max_key_size", Kind::kSize, 1, kMaxKeyBytes, false, "", "larger keys are refused",
        KV_FIELD(engine.max_key_bytes)},
    Key{"engine.max_value_size", Kind::kSize, 1, kMaxValueBytes, false, "",
        "larger values are refused", KV_FIELD(engine.max_value_bytes)},
    Key{"engine.max_batch_size", Kind::kSize, kKiB, kMaxBatchBytes, false, "",
        "several writes at once that take more are refused; one alone never is for this",
        KV_FIELD(engine.max_batch_bytes)},

    Key{"log.format", Kind::kText, kNone, kNone, false, "text|json", "form of a log line",
        KV_FIELD(log_format)},
    Key{"log.level", Kind::kText, kNone, kNone, false, "debug|info|warning|error",
        "least important line that is written", KV_FIELD(log_level)},
    Key{"log.file", Kind::kText, kNone, kNone, false, "", "log file; empty: standard error",
        KV_FIELD(log_file)},
};

#undef KV_FIELD

static_assert(kU32 >= kMaxBatchBytes, "u32 members hold every size that their key allows");

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
        }
    }
    return row[b.size()];
}

std::string format_number(Kind kind, uint64_t value) {
    if (kind == Kind::kSize) return format_size(value);
    if (kind == Kind::kDuration) return format_duration_ms(value);
    return std::to_string(value);
}

Result<uint64_t> parse_number(Kind kind, std::string_view text) {
    if (kind == Kind::kSize) return parse_size(text);
    if (kind == Kind::kDuration) return parse_duration_ms(text);
    return parse_count(text);
}

Status set_number(const Key& key, std::string_view text, Field field) {
    KV_ASSIGN_OR_RETURN(const uint64_t value, parse_number(key.kind, text));
    const bool off = value == 0 && key.zero_is_off;
    if (!off && (value < key.min || value > key.max)) {
        return Status::invalid_argument(std::string(text) +
                                        " is out of range; allowed: " + allowed_values(key));
    }
    if (auto** wide = std::get_if<uint64_t*>(&field)) **wide = value;
    if (auto** narrow = std::get_if<uint32_t*>(&field)) **narrow = static_cast<uint32_t>(value);
    return Status::ok();
}

Status check_choice(std::string_view choices, std::string_view text) {
    for (std::string_view rest = choices; !rest.empty();) {
        const size_t bar = std::min(rest.find('|'), rest.size());
        if (rest.substr(0, bar) == text) return Status::ok();
        rest.remove_prefix(std::min(bar + 1, rest.size()));
    }
    return Status::invalid_argument("'" + std::string(text) + "' is not one of " +
                                    std::string(choices));
}

}  // namespace

std::span<const Key> keys() { return kKeys; }

const Key* find_key(std::string_view name) {
    const auto* found =
        std::find_if(kKeys.begin(), kKeys.end(), [&](const Key& key) { return key.name == name; });
    return found == kKeys.end() ? nullptr : found;
}

std::string_view nearest_key(std::string_view name) {
    std::string_view best;
    size_t best_distance = std::max<size_t>(2, name.size() / 3) + 1;
    for (const Key& key : kKeys) {
        // People forget sections more often than letters, so the bare name counts too.
        const std::string_view bare = key.name.substr(key.name.rfind('.') + 1);
        const std::string_view given = name.substr(name.rfind('.') + 1);
        const size_t distance =
            std::min(edit_distance(name, key.name), edit_distance(given, bare) + 1);
        if (distance < best_distance) {
            best = key.name;
            best_distance = distance;
        }
    }
    return best;
}

std::string environment_name(const Key& key) {
    std::string name = "KVD_";
    for (const char c : key.name) {
        name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    return name;
}

Status set_value(const Key& key, std::string_view text, Config& config) {
    const Field field = key.field(config);
    switch (key.kind) {
        case Kind::kBool: {
            KV_ASSIGN_OR_RETURN(*std::get<bool*>(field), parse_bool(text));
            return Status::ok();
        }
        case Kind::kCount:
        case Kind::kSize:
        case Kind::kDuration:
            return set_number(key, text, field);
        case Kind::kText:
            if (!key.choices.empty()) KV_RETURN_IF_ERROR(check_choice(key.choices, text));
            break;
        case Kind::kAddressOrOff:
            if (text == "off") break;
            [[fallthrough]];
        case Kind::kAddress: {
            KV_RETURN_IF_ERROR(parse_listen_address(text).status());
            break;
        }
    }
    if (auto* const* durability = std::get_if<Durability*>(&field)) {
        **durability = *parse_durability(text);  // one of the choices
        return Status::ok();
    }
    if (auto* const* compression = std::get_if<Compression*>(&field)) {
        **compression = *parse_compression(text);  // one of the choices
        return Status::ok();
    }
    *std::get<std::string*>(field) = text;
    return Status::ok();
}

std::string allowed_values(const Key& key) {
    if (key.max == kNone) return std::string(key.choices);
    const std::string zero = key.kind == Kind::kDuration ? "off, or " : "0, or ";
    return (key.zero_is_off ? zero : "") + format_number(key.kind, key.min) + " to " +
           format_number(key.kind, key.max);
}

std::string get_value(const Key& key, const Config& config) {
    // The table hands out writable members; reading one through it changes nothing.
    const Field field = key.field(const_cast<Config&>(config));
    if (auto* const* wide = std::get_if<uint64_t*>(&field)) return format_number(key.kind, **wide);
    if (auto* const* narrow = std::get_if<uint32_t*>(&field)) {
        return format_number(key.kind, **narrow);
    }
    if (auto* const* flag = std::get_if<bool*>(&field)) return **flag ? "true" : "false";
    if (auto* const* durability = std::get_if<Durability*>(&field)) {
        return std::string(durability_name(**durability));
    }
    if (auto* const* compression = std::get_if<Compression*>(&field)) {
        return std::string(compression_name(**compression));
    }
    return *std::get<std::string*>(field);
}

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::kText:
            return "a text in quotes";
        case Kind::kBool:
            return "true or false";
        case Kind::kCount:
            return "a whole number";
        case Kind::kSize:
            return "a size such as \"64MiB\"";
        case Kind::kDuration:
            return "a time such as \"250ms\"";
        case Kind::kAddress:
            return "an address such as \"127.0.0.1:7480\"";
        case Kind::kAddressOrOff:
            return "an address or \"off\"";
    }
    return "";
}

bool is_quoted(Kind kind) { return kind != Kind::kBool && kind != Kind::kCount; }

}  // namespace kv::config
