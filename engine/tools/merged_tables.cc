// See merged_tables.h.
// SPDX-License-Identifier: Apache-2.0
#include "tools/merged_tables.h"

#include <algorithm>

#include "iterator/merging_iterator.h"
#include "record/file_names.h"
#include "record/internal_key.h"
#include "sstable/table_reader.h"

namespace kv::tools {

namespace {

/// As few runs of disjoint tables as there can be, so that few files are open at a time.
std::vector<std::vector<FileMetaPtr>> disjoint_runs(std::vector<FileMetaPtr> tables) {
    std::sort(tables.begin(), tables.end(), [](const FileMetaPtr& a, const FileMetaPtr& b) {
        return compare_internal_keys(a->smallest, b->smallest) < 0;
    });
    std::vector<std::vector<FileMetaPtr>> runs;
    for (FileMetaPtr& table : tables) {
        const auto fits = [&](const std::vector<FileMetaPtr>& run) {
            return compare_internal_keys(run.back()->largest, table->smallest) < 0;
        };
        auto run = std::find_if(runs.begin(), runs.end(), fits);
        if (run == runs.end()) run = runs.emplace(runs.end());
        run->push_back(std::move(table));
    }
    return runs;
}

Result<std::shared_ptr<TableReader>> open_table(FileSystem& fs, const std::string& dir,
                                                const FileMeta& file) {
    return TableReader::open(fs, join_path(dir, table_file_name(file.number)), file.number, nullptr,
                             {file.size_bytes, file.checksum});
}

}  // namespace

MergedTables::MergedTables(FileSystem& fs, std::string dir, std::vector<FileMetaPtr> tables)
    : fs_(fs), dir_(std::move(dir)), runs_(disjoint_runs(std::move(tables))) {}

std::unique_ptr<InternalIterator> MergedTables::new_iterator() const {
    std::vector<std::unique_ptr<InternalIterator>> children;
    children.reserve(runs_.size());
    for (const Run& run : runs_) children.push_back(iterator_over(run));
    return new_merging_iterator(children);
}

std::unique_ptr<InternalIterator> MergedTables::iterator_over(const Run& run) const {
    std::vector<TableBounds> bounds;
    for (const FileMetaPtr& file : run) bounds.push_back({file->smallest, file->largest});
    return new_level_iterator(
        std::move(bounds), [this, &run](size_t index) -> Result<std::unique_ptr<InternalIterator>> {
            KV_ASSIGN_OR_RETURN(const auto table, open_table(fs_, dir_, *run[index]));
            ReadMode mode;
            mode.readahead_bytes = 256U << 10;
            return table->new_iterator(mode);
        });
}

Result<std::vector<RangeTombstone>> MergedTables::range_tombstones() const {
    std::vector<RangeTombstone> all;
    for (const Run& run : runs_) {
        for (const FileMetaPtr& file : run) {
            KV_ASSIGN_OR_RETURN(const auto table, open_table(fs_, dir_, *file));
            if (table->range_tombstones() != nullptr) table->range_tombstones()->append_to(all);
        }
    }
    return all;
}

}  // namespace kv::tools
