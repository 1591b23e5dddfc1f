// Merging tables without levels: see salvage_merge.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/salvage_merge.h"

#include <memory>
#include <optional>

#include "compaction/output.h"
#include "record/file_names.h"
#include "sstable/table_builder.h"
#include "tools/merged_tables.h"

namespace kv::tools {

namespace {

constexpr uint64_t kTableBytes = 64U << 20;

class TableMerger {
  public:
    TableMerger(FileSystem& fs, const std::string& dir,
                const std::function<uint64_t()>& next_number)
        : fs_(fs), dir_(dir), next_number_(next_number) {}

    Result<std::vector<FileMeta>> run(const MergedTables& tables) {
        KV_ASSIGN_OR_RETURN(tombstones_, tables.range_tombstones());
        const auto it = tables.new_iterator();
        std::string last;
        for (it->seek_to_first(); it->valid(); it->next()) {
            // The same version twice: in a compaction's input and in its output.
            if (last == it->key()) continue;
            const bool new_user_key = last.empty() || user_key_of(last) != user_key_of(it->key());
            if (new_user_key && builder_ && builder_->estimated_bytes() >= kTableBytes) {
                KV_RETURN_IF_ERROR(close(std::string(user_key_of(it->key()))));
            }
            last.assign(it->key());
            KV_RETURN_IF_ERROR(open());
            KV_RETURN_IF_ERROR(builder_->add(it->key(), it->value()));
        }
        KV_RETURN_IF_ERROR(it->status());
        KV_RETURN_IF_ERROR(close(std::nullopt));
        return std::move(merged_);
    }

  private:
    Status open() {
        if (builder_) return Status::ok();
        const uint64_t number = next_number_();
        TableOptions options;
        options.reason = TableReason::kRepair;
        KV_ASSIGN_OR_RETURN(
            builder_,
            TableBuilder::create(fs_, join_path(dir_, table_file_name(number)), number, options));
        return Status::ok();
    }

    /// Ends the output before user key `end`, with its share of the range tombstones.
    Status close(const std::optional<std::string>& end) {
        for (const RangeTombstone& tombstone : tombstones_) {
            RangeTombstone part = tombstone;
            if (from_ && part.begin < *from_) part.begin = *from_;
            if (end && part.end > *end) part.end = *end;
            if (part.begin >= part.end) continue;
            KV_RETURN_IF_ERROR(open());
            KV_RETURN_IF_ERROR(builder_->add_range_tombstone(part));
        }
        from_ = end;
        if (!builder_) return Status::ok();
        KV_ASSIGN_OR_RETURN(const TableProperties properties, builder_->finish());
        builder_.reset();
        merged_.push_back(file_meta_of(properties));
        return Status::ok();
    }

    FileSystem& fs_;
    const std::string& dir_;
    const std::function<uint64_t()>& next_number_;
    std::vector<RangeTombstone> tombstones_;
    std::optional<std::string> from_;  // where the open output begins; nullopt: at the first key
    std::unique_ptr<TableBuilder> builder_;
    std::vector<FileMeta> merged_;
};

}  // namespace

Result<std::vector<FileMeta>> merge_tables(FileSystem& fs, const std::string& dir,
                                           const std::vector<FileMetaPtr>& tables,
                                           const std::function<uint64_t()>& next_number) {
    return TableMerger(fs, dir, next_number).run(MergedTables(fs, dir, tables));
}

}  // namespace kv::tools
