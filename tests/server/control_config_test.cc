// CONFIG and INFO.
// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "server/commands/info_text.h"
#include "server/control_fixture.h"

namespace kv::server {
namespace {

/// "name:value" lines of an INFO answer, headings as "# NAME" without a value.
std::map<std::string, std::string> fields_of(const std::string& text) {
    std::map<std::string, std::string> fields;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find("\r\n", at);
        REQUIRE(end != std::string::npos);
        const std::string line = text.substr(at, end - at);
        at = end + 2;
        if (line.empty()) continue;
        const size_t colon = line.find(':');
        REQUIRE((line[0] == '#' || colon != std::string::npos));
        const bool fresh = fields
                               .emplace(line.substr(0, colon),
                                        colon == std::string::npos ? "" : line.substr(colon + 1))
                               .second;
        INFO(line);
        CHECK(fresh);
    }
    return fields;
}

constexpr std::string_view kImmutable = "can't set immutable config|";

std::string failure(std::string_view name, std::string_view why) {
    return "-ERR CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " +
           std::string(why);
}

}  // namespace

TEST_CASE_METHOD(ControlFixture, "control: CONFIG GET answers what benchmarks and clients ask") {
    expect("CONFIG GET save", "*2|$4|save|$0||");
    expect("CONFIG GET appendonly", "*2|$10|appendonly|$3|yes|");
    expect("CONFIG GET databases", "*2|$9|databases|$2|16|");
    expect("CONFIG GET maxmemory-policy", "*2|$16|maxmemory-policy|$10|noeviction|");
    expect("CONFIG GET nope", "*0|");
    client().handle->resp_version = 3;
    expect("CONFIG GET save", "%1|$4|save|$0||");
}

TEST_CASE_METHOD(ControlFixture, "control: CONFIG GET takes patterns, and tells each name once") {
    expect("CONFIG GET slowlog-* SAVE sav?",
           "*6|$23|slowlog-log-slower-than|$5|10000|$15|slowlog-max-len|$3|128|$4|SAVE|$0||");
    CHECK(answer("CONFIG GET *").starts_with("*"));
}

TEST_CASE_METHOD(ControlFixture, "control: CONFIG GET tells kvd's own configuration") {
    config.resp_listen = "127.0.0.1:7481";
    config.limits.connections = 77;
    config.limits.idle_timeout_ms = 5000;
    config.data_dir = "/var/lib/kvd";
    config.log_level = "info";
    expect("CONFIG GET port", "*2|$4|port|$4|7481|");
    expect("CONFIG GET bind", "*2|$4|bind|$9|127.0.0.1|");
    expect("CONFIG GET maxclients", "*2|$10|maxclients|$2|77|");
    expect("CONFIG GET timeout", "*2|$7|timeout|$1|5|");
    expect("CONFIG GET dir", "*2|$3|dir|$12|/var/lib/kvd|");
    expect("CONFIG GET loglevel", "*2|$8|loglevel|$6|notice|");
    expect("CONFIG GET proto-max-bulk-len",
           "*2|$18|proto-max-bulk-len|$8|" + std::to_string(config.engine.max_value_bytes) + "|");
}

TEST_CASE_METHOD(ControlFixture, "control: appendfsync follows the connection's durability") {
    expect("CONFIG GET appendfsync", "*2|$11|appendfsync|$6|always|");
    answer("KV.DURABILITY os");
    expect("CONFIG GET appendfsync", "*2|$11|appendfsync|$8|everysec|");
    answer("KV.DURABILITY memory");
    expect("CONFIG GET appendfsync", "*2|$11|appendfsync|$2|no|");
}

TEST_CASE_METHOD(ControlFixture, "control: CONFIG SET changes what can change, all or nothing") {
    expect("CONFIG SET slowlog-log-slower-than -1 SLOWLOG-MAX-LEN 5", "+OK|");
    CHECK(shared().slow_log.slower_than_us() == -1);
    CHECK(shared().slow_log.capacity() == 5);
    expect("CONFIG SET latency-monitor-threshold 7", "+OK|");
    CHECK(shared().latency.threshold_ms() == 7);
    expect("CONFIG SET slowlog-max-len 9 databases 2", failure("databases", kImmutable));
    CHECK(shared().slow_log.capacity() == 5);
    expect("CONFIG SET save \"\" slowlog-max-len 9", "+OK|");  // save is so already
    CHECK(shared().slow_log.capacity() == 9);
}

TEST_CASE_METHOD(ControlFixture, "control: CONFIG SET says what is wrong") {
    expect("CONFIG SET nope 1",
           "-ERR Unknown option or number of arguments for CONFIG SET - 'nope'|");
    expect("CONFIG SET bind 1 2", "-ERR syntax error|");
    expect("CONFIG SET databases 17", failure("databases", kImmutable));
    expect("CONFIG SET slowlog-max-len x",
           failure("slowlog-max-len", "argument couldn't be parsed into an integer|"));
    expect("CONFIG SET slowlog-max-len -2",
           failure("slowlog-max-len",
                   "argument must be between 0 and 9223372036854775807 inclusive|"));
    expect("CONFIG SET slowlog-log-slower-than -2",
           failure("slowlog-log-slower-than",
                   "argument must be between -1 and 9223372036854775807 inclusive|"));
    expect("CONFIG SET slowlog-max-len 1 slowlog-max-len 2",
           failure("slowlog-max-len", "duplicate parameter|"));
    expect("CONFIG REWRITE", "-ERR The server is running without a config file|");
}

TEST_CASE_METHOD(ControlFixture, "control: INFO has the fields that tools look for") {
    client(3);
    const auto fields = fields_of(body_of(answer("INFO")));
    // redis-cli --stat, redis_exporter, redis-py, go-redis and monitoring agents.
    for (const char* name : {"# Server",
                             "redis_version",
                             "redis_mode",
                             "os",
                             "process_id",
                             "run_id",
                             "tcp_port",
                             "uptime_in_seconds",
                             "uptime_in_days",
                             "# Clients",
                             "connected_clients",
                             "blocked_clients",
                             "maxclients",
                             "# Memory",
                             "used_memory",
                             "used_memory_human",
                             "used_memory_rss",
                             "used_memory_peak",
                             "used_memory_peak_human",
                             "maxmemory",
                             "maxmemory_policy",
                             "mem_fragmentation_ratio",
                             "# Persistence",
                             "loading",
                             "rdb_changes_since_last_save",
                             "rdb_bgsave_in_progress",
                             "rdb_last_save_time",
                             "rdb_last_bgsave_status",
                             "aof_enabled",
                             "aof_rewrite_in_progress",
                             "# Stats",
                             "total_connections_received",
                             "total_commands_processed",
                             "instantaneous_ops_per_sec",
                             "total_net_input_bytes",
                             "rejected_connections",
                             "expired_keys",
                             "evicted_keys",
                             "keyspace_hits",
                             "keyspace_misses",
                             "pubsub_channels",
                             "# Replication",
                             "role",
                             "connected_slaves",
                             "master_repl_offset",
                             "# CPU",
                             "used_cpu_sys",
                             "used_cpu_user",
                             "# Modules",
                             "# Errorstats",
                             "# Cluster",
                             "cluster_enabled",
                             "# Keyspace"}) {
        INFO(name);
        CHECK(fields.count(name) == 1);
    }
    CHECK(fields.at("redis_version") == "7.0.15");
    CHECK(fields.at("kvd_version") == server_version());
    CHECK(fields.at("connected_clients") == "3");
    CHECK(fields.at("run_id").size() == 40);
    CHECK(fields.count("# Commandstats") == 0);
    CHECK(fields.count("# Kvd") == 0);
}

TEST_CASE_METHOD(ControlFixture, "control: INFO shows the sections that are named") {
    const auto headings = [&](std::string_view line) {
        std::string found;
        for (const auto& [name, value] : fields_of(body_of(answer(line)))) {
            if (name[0] == '#') found += name.substr(1);
        }
        return found;
    };
    CHECK(headings("INFO cpu") == " CPU");
    CHECK(headings("INFO KVD Server") == " Kvd Server");
    CHECK(headings("INFO nope").empty());
    const std::string all =
        " CPU Clients Cluster Commandstats Errorstats Keyspace Kvd Latencystats Memory Persistence "
        "Replication Server Stats";
    CHECK(headings("INFO all") == all);
    CHECK(headings("INFO everything").size() == all.size() + std::string(" Modules").size());
    CHECK(headings("INFO default") == headings("INFO"));
    expect("INFO nope", "$0||");
    client().handle->resp_version = 3;
    expect("INFO cluster", "=34|txt:# Cluster|cluster_enabled:0||");
}

TEST_CASE_METHOD(ControlFixture, "control: INFO counts commands and errors until RESETSTAT") {
    const Command& get = *find_command("get");
    shared().command_stats[0].record(get, 4, false);
    shared().command_stats[1].record(get, 5, true);
    shared().command_stats[1].reject(get);
    shared().error_stats.record("-WRONGTYPE Operation against\r\n");
    shared().error_stats.record("ERR syntax error");
    shared().error_stats.record("ERR other");
    auto fields = fields_of(body_of(answer("INFO commandstats errorstats stats")));
    CHECK(fields.at("cmdstat_get") ==
          "calls=2,usec=9,usec_per_call=4.50,rejected_calls=1,failed_calls=1");
    CHECK(fields.at("errorstat_ERR") == "count=2");
    CHECK(fields.at("errorstat_WRONGTYPE") == "count=1");
    CHECK(fields.at("total_commands_processed") == "2");
    CHECK(fields.at("total_error_replies") == "3");
    expect("CONFIG RESETSTAT", "+OK|");
    fields = fields_of(body_of(answer("INFO commandstats errorstats stats")));
    CHECK(fields.count("cmdstat_get") == 0);
    CHECK(fields.at("total_error_replies") == "0");
}

TEST_CASE_METHOD(ControlFixture, "control: INFO counts connections and reads from RESETSTAT on") {
    const std::map<std::string, Counter> counters{
        {"total_connections_received", Counter::kAccepted},
        {"rejected_connections", Counter::kLimitConnections},
        {"total_net_input_bytes", Counter::kBytesIn},
        {"total_net_output_bytes", Counter::kBytesOut},
        {"total_reads_processed", Counter::kSocketReads},
        {"total_writes_processed", Counter::kSocketWrites}};
    const auto expect_all = [&](const char* value, const char* hits, const char* expired) {
        const auto fields = fields_of(body_of(answer("INFO stats")));
        for (const auto& [name, counter] : counters) CHECK(fields.at(name) == value);
        CHECK(fields.at("keyspace_hits") == hits);
        CHECK(fields.at("keyspace_misses") == "1");
        CHECK(fields.at("expired_keys") == expired);
    };
    const auto count = [&](uint64_t hits) {
        for (const auto& [name, counter] : counters) shared().counters[1].add(counter, 5);
        db.base_stats.gets += hits + 1;
        db.base_stats.get_hits += hits;
        db.base_stats.entries_dropped_expired += 2;
    };
    count(3);
    expect_all("5", "3", "2");
    expect("CONFIG RESETSTAT", "+OK|");
    count(4);
    expect_all("5", "4", "2");
    CHECK(shared().total(Counter::kAccepted) == 10);
    CHECK(find_subcommand(*find_command("config"), "resetstat")->has(command_flag::kStoreReport));
}

TEST_CASE_METHOD(ControlFixture,
                 "control: INFO latencystats tells percentiles of what was called") {
    client().handle->resp_version = 3;
    expect("INFO latencystats", "=20|txt:# Latencystats||");
    CommandStats& stats = shared().command_stats[0];
    for (int i = 0; i < 985; ++i) stats.record(*find_command("get"), 0, false);
    for (int i = 0; i < 10; ++i) stats.record(*find_command("get"), 3, false);
    for (int i = 0; i < 5; ++i) stats.record(*find_command("get"), 1'000'000'000'000, false);
    shared().command_stats[1].record(*find_by_full_name("config|get"), 100, true);
    stats.reject(*find_command("set"));
    const auto fields = fields_of(body_of(answer("INFO latencystats")));
    CHECK(fields.size() == 3);
    CHECK(fields.at("latency_percentiles_usec_get") == "p50=1.000,p99=4.000,p99.9=134217728.000");
    CHECK(fields.at("latency_percentiles_usec_config|get") ==
          "p50=128.000,p99=128.000,p99.9=128.000");
    expect("CONFIG RESETSTAT", "+OK|");
    expect("INFO latencystats", "=20|txt:# Latencystats||");
    expect("CONFIG GET latency-tracking*",
           "%2|$16|latency-tracking|$3|yes|$33|latency-tracking-info-percentiles|$10|50 99 99.9|");
}

TEST_CASE_METHOD(ControlFixture, "control: INFO keyspace counts the keys of each database") {
    const auto databases = [&] {
        auto fields = fields_of(body_of(answer("INFO keyspace")));
        CHECK(fields.erase("# Keyspace") == 1);
        return fields;
    };
    CHECK(databases().empty());
    db.set("a", "1");
    db.set("b", "2");
    std::string scratch;
    const auto write = [&](uint32_t database, uint64_t keys, uint64_t each_expiring) {
        WriteBatch batch;
        for (uint64_t i = 0; i < keys; ++i) {
            const Bytes key = Keyspace(database).stored("k" + std::to_string(i), scratch);
            batch.put_with_expiry(key, "", i % each_expiring == 0 ? clock.wall_ms() + 60'000 : 0);
        }
        REQUIRE(db.write(std::move(batch), Durability::kDisk).status.is_ok());
    };
    write(3, 10, 3);
    CHECK(databases() ==
          std::map<std::string, std::string>{{"db0", "keys=2,expires=0,avg_ttl=0"},
                                             {"db3", "keys=10,expires=4,avg_ttl=0"}});
    SECTION("and estimates what is too much to count") {
        write(4, 100'000, 2);
        write(5, 120'000, 1);
        const auto told = databases();
        CHECK(told.at("db4") == "keys=100000,expires=50000,avg_ttl=0");
        CHECK(told.at("db5") == "keys=120000,expires=120000,avg_ttl=0");
    }
}

TEST_CASE_METHOD(ControlFixture,
                 "control: databases are only counted for an INFO that shows them") {
    using protocol::resp::Args;
    for (const Args& args : {Args{"INFO"}, Args{"INFO", "stats", "Keyspace"}, Args{"info", "all"},
                             Args{"INFO", "default"}, Args{"INFO", "everything"}}) {
        CHECK(asks_for_databases(args));
    }
    CHECK_FALSE(asks_for_databases({"INFO", "stats", "memory"}));
    CHECK_FALSE(asks_for_databases({"INFO", "nonsense"}));
}

TEST_CASE("rate meter: tells the growth since the question a second ago or more") {
    RateMeter meter;
    CHECK(meter.per_second(1'000'000, 100) == 100);
    CHECK(meter.per_second(3'000'000, 300) == 100);
    CHECK(meter.per_second(3'500'000, 900) == 100);
    CHECK(meter.per_second(4'000'000, 900) == 600);
    CHECK(meter.per_second(6'000'000, 20) == 10);
}

}  // namespace kv::server
