// The text of INFO, section by section: the fields that redis-cli, exporters and clients look for,
// in Redis's words, with kvd's numbers. What has no meaning here is left out, or 0 where tools need
// it. Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "server/commands/store_report.h"
#include "server/shared_state.h"

namespace kv::server {

/// Lines "name:value" under headings.
class InfoText {
  public:
    void section(std::string_view title);
    void add(std::string_view name, std::string_view value);
    template <class Number>
    requires std::is_integral_v<Number>
    void add(std::string_view name, Number value) {
        add(name, std::string_view(std::to_string(value)));
    }
    /// With so many digits behind the point.
    void add_real(std::string_view name, double value, int digits);
    /// And once more as "NAME_human", as "1.50M".
    void add_bytes(std::string_view name, uint64_t bytes);
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// What every section writes from, gathered once.
struct InfoSource {
    SharedState& shared;
    const StoreReport& store;
    uint64_t now_us = 0;
};

/// Whether the words of an INFO ask for its section on databases, which takes a walk.
bool asks_for_databases(const protocol::resp::Args& args);

// One a section; each writes its heading first.
void info_server(const InfoSource& source, InfoText& info);
void info_clients(const InfoSource& source, InfoText& info);
void info_memory(const InfoSource& source, InfoText& info);
void info_persistence(const InfoSource& source, InfoText& info);
void info_stats(const InfoSource& source, InfoText& info);
void info_replication(const InfoSource& source, InfoText& info);
void info_cpu(const InfoSource& source, InfoText& info);
void info_modules(const InfoSource& source, InfoText& info);
void info_commandstats(const InfoSource& source, InfoText& info);
void info_errorstats(const InfoSource& source, InfoText& info);
void info_latencystats(const InfoSource& source, InfoText& info);
void info_cluster(const InfoSource& source, InfoText& info);
void info_keyspace(const InfoSource& source, InfoText& info);
void info_kvd(const InfoSource& source, InfoText& info);

}  // namespace kv::server
