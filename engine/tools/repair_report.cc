// What `kvtool repair` prints: see repair.h.
// SPDX-License-Identifier: Apache-2.0
#include <ostream>

#include "tools/json_bytes.h"
#include "tools/repair.h"

namespace kv::tools {

namespace {

Json loss_json(const Loss& loss) {
    Json json{{"file", loss.file}};
    if (loss.bytes != 0) {
        json["offset"] = loss.offset;
        json["bytes"] = loss.bytes;
    }
    if (loss.first_key) set_bytes(json, "first_key", *loss.first_key);
    if (loss.last_key) set_bytes(json, "last_key", *loss.last_key);
    if (loss.first_seqno != 0) {
        json["first_seqno"] = loss.first_seqno;
        json["last_seqno"] = loss.last_seqno;
    }
    if (loss.entries != 0) json["entries"] = loss.entries;
    json["what"] = loss.what;
    return json;
}

void print_loss(const Loss& loss, std::ostream& out) {
    out << "LOST " << loss.file;
    if (loss.bytes != 0) {
        out << ", offset " << loss.offset << " to " << loss.offset + loss.bytes;
    }
    if (loss.first_key && loss.last_key) {
        out << ", keys " << escape_bytes(*loss.first_key) << " to " << escape_bytes(*loss.last_key);
    }
    if (loss.first_seqno != 0) {
        out << ", seqnos " << loss.first_seqno << " to " << loss.last_seqno;
    }
    if (loss.entries != 0) out << ", " << loss.entries << " entries";
    out << ": " << loss.what << "\n";
}

Json report_json(const RepairReport& report, const std::string& dir, const std::string& out_dir) {
    Json json{{"directory", dir},
              {"out", out_dir},
              {"all_saved", report.all_saved()},
              {"manifest_read", report.manifest_read},
              {"tables_copied", report.tables_copied},
              {"tables_rewritten", report.tables_rewritten},
              {"tables_lost", report.tables_lost},
              {"log_batches", report.log_batches},
              {"tables", report.tables},
              {"table_bytes", report.table_bytes},
              {"entries", report.entries},
              {"last_seqno", report.last_seqno}};
    json["lost"] = Json::array();
    for (const Loss& loss : report.losses) json["lost"].push_back(loss_json(loss));
    json["notes"] = report.notes;
    return json;
}

}  // namespace

void print_repair(const RepairReport& report, const std::string& dir, const std::string& out_dir,
                  bool json, std::ostream& out) {
    if (json) {
        out << report_json(report, dir, out_dir)
                   .dump(-1, ' ', false, Json::error_handler_t::replace)
            << "\n";
        return;
    }
    for (const Loss& loss : report.losses) print_loss(loss, out);
    for (const std::string& note : report.notes) out << "note: " << note << "\n";
    out << "tables: " << report.tables_copied << " copied, " << report.tables_rewritten
        << " rewritten from what was readable, " << report.tables_lost
        << " lost; log: " << report.log_batches << " batches\n"
        << out_dir << ": " << report.tables << " tables, " << report.entries << " entries, "
        << report.table_bytes << " bytes, last seqno " << report.last_seqno << "; verified\n"
        << (report.all_saved() ? "all saved"
                               : std::to_string(report.losses.size()) +
                                     " losses: where the newest version of a key was lost, an "
                                     "older one may show")
        << ": " << dir << "\n";
}

}  // namespace kv::tools
