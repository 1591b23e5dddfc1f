// What an edit of the MANIFEST costs with many live files: the edits of flushes and compactions,
// one after the other, beside a bare append and fdatasync in the same directory.
// SPDX-License-Identifier: Apache-2.0
#include <ctime>

#include "experiment.h"
#include "kv/file_system.h"
#include "record/file_names.h"
#include "tools/bench_data.h"
#include "version/manifest.h"

namespace kv::bench {

namespace {

constexpr int kLastLevel = kLevels - 1;

/// Of this thread: what an edit costs besides waiting for the disk.
double thread_cpu_us() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// Table `number` over the keys of slot `slot`; slots of one level do not meet.
FileMeta table_in_slot(uint64_t number, uint64_t slot, Seqno oldest, Seqno newest) {
    std::string smallest, largest;
    tools::make_bench_key(2 * slot, 16, smallest);
    tools::make_bench_key(2 * slot + 1, 16, largest);
    FileMeta meta;
    meta.number = number;
    meta.size_bytes = 64ULL << 20;
    meta.checksum = number * 0x9E3779B97F4A7C15ULL;
    meta.smallest = make_internal_key(smallest, newest, Kind::kPut);
    meta.largest = make_internal_key(largest, oldest, Kind::kPut);
    meta.smallest_seqno = oldest;
    meta.largest_seqno = newest;
    meta.entries = 500'000;
    return meta;
}

/// A store on paper: `files` tables in the last level.
Status write_store(const std::string& dir, uint64_t files) {
    std::array<std::vector<FileMetaPtr>, kLevels> levels;
    for (uint64_t i = 0; i < files; ++i) {
        levels[kLastLevel].push_back(
            std::make_shared<const FileMeta>(table_in_slot(i + 1, i, 2 * i + 1, 2 * i + 2)));
    }
    ManifestCounters counters;
    counters.database_id = 0xDB;
    counters.next_file_number = files + 1;
    counters.flushed_seqno = 2 * files;
    return Manifest::write_copy(posix_file_system(), dir, Version(std::move(levels)), counters);
}

/// Flushes a table over a slot's keys and merges it with the table there, edit by edit.
class PaperStore {
  public:
    PaperStore(Manifest& manifest, uint64_t files) : manifest_(manifest), files_(files) {}

    /// The next edit; every second one is a compaction's.
    VersionEdit next() {
        VersionEdit edit;
        if (flushed_.number == 0) {
            const Seqno newest = manifest_.counters().flushed_seqno + 2;
            flushed_ = table_in_slot(manifest_.allocate_file_number(), slot_, newest - 1, newest);
            edit.add(0, flushed_);
            edit.flushed_seqno = newest;
            return edit;
        }
        const VersionPtr version = manifest_.current();
        const FileMeta& below = *version->find_table(kLastLevel, flushed_.smallest_user_key());
        edit.remove(0, flushed_.number);
        edit.remove(kLastLevel, below.number);
        FileMeta merged = table_in_slot(manifest_.allocate_file_number(), slot_,
                                        below.smallest_seqno, flushed_.largest_seqno);
        merged.reason = TableReason::kCompaction;
        edit.add(kLastLevel, std::move(merged));
        flushed_ = {};
        // All over the level, not next to where the last one was.
        slot_ = (slot_ + 7919) % files_;
        return edit;
    }

  private:
    Manifest& manifest_;
    const uint64_t files_;
    FileMeta flushed_;  // number 0: none
    uint64_t slot_ = 0;
};

struct EditFigures {
    std::vector<double> us, cpu_us, append_us;
};

Result<EditFigures> time_edits(Manifest& manifest, const std::string& dir, uint64_t files,
                               uint64_t count) {
    EditFigures figures;
    KV_ASSIGN_OR_RETURN(const auto file, posix_file_system().create(join_path(dir, "appended")));
    PaperStore store(manifest, files);
    std::string bytes;
    uint64_t length = 0;
    for (uint64_t i = 0; i < count; ++i) {
        VersionEdit edit = store.next();
        bytes.clear();
        edit.encode(bytes);
        const double cpu_before = thread_cpu_us();
        const StopWatch edit_watch;
        KV_RETURN_IF_ERROR(manifest.apply(std::move(edit)));
        figures.us.push_back(edit_watch.us());
        figures.cpu_us.push_back(thread_cpu_us() - cpu_before);
        const StopWatch append_watch;
        KV_RETURN_IF_ERROR(file->write_at(length, bytes));
        KV_RETURN_IF_ERROR(file->sync());
        figures.append_us.push_back(append_watch.us());
        length += bytes.size();
        static_cast<void>(manifest.files().take_obsolete());  // as the store does
    }
    return figures;
}

}  // namespace

Status measure_manifest(const ExperimentOptions& options, std::ostream& out) {
    out << "files,edits,p50_us,p99_us,max_us,cpu_us,append_p50_us,append_p99_us,open_ms,first_ms,"
           "snapshot_bytes\n";
    KV_RETURN_IF_ERROR(posix_file_system().create_dir(options.db));
    for (const uint64_t files : options.steps) {
        say("manifest: " + std::to_string(files) + " files");
        const std::string dir = options.db + "/files" + std::to_string(files);
        KV_RETURN_IF_ERROR(posix_file_system().create_dir(dir));
        KV_RETURN_IF_ERROR(write_store(dir, files));
        const StopWatch open_watch;
        KV_ASSIGN_OR_RETURN(const auto manifest,
                            Manifest::open(posix_file_system(), dir, /*read_only=*/false));
        const double open_ms = open_watch.ms();
        // The first edit after an open writes all that is live into a new MANIFEST.
        const uint64_t snapshot_bytes = manifest->size_bytes();
        const StopWatch first_watch;
        KV_RETURN_IF_ERROR(manifest->apply({}));
        const double first_ms = first_watch.ms();
        KV_ASSIGN_OR_RETURN(const EditFigures figures,
                            time_edits(*manifest, dir, files, options.count));
        out << files << ',' << figures.us.size() << ',' << median(figures.us) << ','
            << percentile(figures.us, 99) << ',' << percentile(figures.us, 100) << ','
            << median(figures.cpu_us) << ',' << median(figures.append_us) << ','
            << percentile(figures.append_us, 99) << ',' << open_ms << ',' << first_ms << ','
            << snapshot_bytes << std::endl;
    }
    return Status::ok();
}

}  // namespace kv::bench
