// Merging tables without levels: see salvage_merge.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/salvage_merge.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "compaction/output.h"
#include "iterator/merging_iterator.h"
#include "record/file_names.h"
#include "sstable/table_builder.h"
#include "sstable/table_reader.h"

namespace kv::tools {

namespace {

constexpr uint64_t kTableBytes = 64U << 20;

using Run = std::vector<FileMetaPtr>;

/// As few runs of disjoint tables as there can be, so that few files are open at a time.
std::vector<Run> disjoint_runs(std::vector<FileMetaPtr> tables) {
    std::sort(tables.begin(), tables.end(), [](const FileMetaPtr& a, const FileMetaPtr& b) {
        return compare_internal_keys(a->smallest, b->smallest) < 0;
    });
    std::vector<Run> runs;
    for (FileMetaPtr& table : tables) {
        const auto fits = [&](const Run& run) {
            return compare_internal_keys(run.back()->largest, table->smallest) < 0;
        };
        auto run = std::find_if(runs.begin(), runs.end(), fits);
        if (run == runs.end()) run = runs.emplace(runs.end());
        run->push_back(std::move(table));
    }
    return runs;
}

class TableMerger {
  public:
    TableMerger(FileSystem& fs, const std::string& dir,
                const std::function<uint64_t()>& next_number)
        : fs_(fs), dir_(dir), next_number_(next_number) {}

    Result<std::vector<FileMeta>> run(const std::vector<FileMetaPtr>& tables) {
        KV_RETURN_IF_ERROR(gather_tombstones(tables));
        std::vector<std::unique_ptr<InternalIterator>> children;
        const std::vector<Run> runs = disjoint_runs(tables);
        children.reserve(runs.size());
        for (const Run& run : runs) children.push_back(iterator_over(run));
        const auto it = new_merging_iterator(children);
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
    Status gather_tombstones(const std::vector<FileMetaPtr>& tables) {
        for (const FileMetaPtr& file : tables) {
            KV_ASSIGN_OR_RETURN(const auto table, open_table(*file));
            if (table->range_tombstones() != nullptr) {
                table->range_tombstones()->append_to(tombstones_);
            }
        }
        return Status::ok();
    }

    Result<std::shared_ptr<TableReader>> open_table(const FileMeta& file) const {
        return TableReader::open(fs_, join_path(dir_, table_file_name(file.number)), file.number,
                                 nullptr, {file.size_bytes, file.checksum});
    }

    std::unique_ptr<InternalIterator> iterator_over(const Run& run) const {
        std::vector<TableBounds> bounds;
        for (const FileMetaPtr& file : run) bounds.push_back({file->smallest, file->largest});
        return new_level_iterator(
            std::move(bounds),
            [this, &run](size_t index) -> Result<std::unique_ptr<InternalIterator>> {
                KV_ASSIGN_OR_RETURN(const auto table, open_table(*run[index]));
                ReadMode mode;
                mode.readahead_bytes = 256U << 10;
                return table->new_iterator(mode);
            });
    }

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
    return TableMerger(fs, dir, next_number).run(tables);
}

}  // namespace kv::tools
