// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/garbage.h"

#include <algorithm>

#include "record/file_names.h"

namespace kv::db {

GarbageCollector::GarbageCollector(StoreContext& context, Manifest& manifest, TableCache& tables,
                                   const std::vector<std::string>& obsolete_segments)
    : context_(context),
      manifest_(manifest),
      tables_(tables),
      first_segment_(manifest.counters().oldest_segment) {
    for (const std::string& name : obsolete_segments) {
        first_segment_ = std::min(first_segment_, parse_file_name(name).number);
    }
    manifest_.files().on_obsolete([this] { schedule(); });
}

GarbageCollector::~GarbageCollector() { manifest_.files().on_obsolete({}); }

void GarbageCollector::schedule() {
    if (scheduled_.exchange(true)) return;
    context_.post(Lane::kCompaction, [this] {
        scheduled_ = false;  // first: what becomes dead from here on may be missed
        collect();
    });
}

void GarbageCollector::hold() {
    std::lock_guard lock(mutex_);
    ++holds_;
}

void GarbageCollector::release() {
    {
        std::lock_guard lock(mutex_);
        --holds_;
    }
    schedule();
}

void GarbageCollector::collect() {
    {
        std::lock_guard lock(mutex_);
        if (manifest_.in_doubt()) return;
        collect_tables();
        if (holds_ == 0) collect_segments();
    }
    on_collected_();
}

void GarbageCollector::collect_tables() {
    std::vector<FileName> kept;
    const std::vector<FileName> dead = manifest_.files().take_obsolete();
    if (manifest_.in_doubt()) {  // since collect looked: some may be outputs of the edit in doubt
        manifest_.files().put_back(dead);
        return;
    }
    for (const FileName& file : dead) {
        const bool is_table = file.kind == FileKind::kTable;
        if (is_table) tables_.erase(file.number);
        const std::string name =
            is_table ? table_file_name(file.number) : manifest_file_name(file.number);
        const Status status = context_.fs.remove(join_path(context_.dir, name));
        if (status.is_ok() || status.is(Code::kNotFound)) continue;
        context_.log(LogLevel::kWarning,
                     "cannot delete a dead file, will try again: " + status.to_string());
        kept.push_back(file);
    }
    manifest_.files().put_back(kept);
}

void GarbageCollector::collect_segments() {
    const uint64_t oldest = manifest_.counters().oldest_segment;
    for (; first_segment_ < oldest; ++first_segment_) {
        const Status status =
            context_.fs.remove(join_path(context_.dir, log_segment_name(first_segment_)));
        if (status.is_ok() || status.is(Code::kNotFound)) continue;
        context_.log(LogLevel::kWarning,
                     "cannot delete a dead log segment, will try again: " + status.to_string());
        return;
    }
}

}  // namespace kv::db
