// How an entry that survives the drop rule is written: as it is, or as the delete it has become.
// Callers: flush_job.cc, job.cc. Thread rule: plain functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compaction/merge.h"
#include "compaction/output.h"
#include "kv/status.h"
#include "record/internal_key.h"

namespace kv {

/// Writes the entry if `verdict` keeps it; `scratch` is reused from call to call. Errors are
/// OutputSet::add's.
inline Status write_by_verdict(OutputSet& outputs, Verdict verdict, Bytes internal_key, Bytes value,
                               std::string& scratch) {
    if (verdict == Verdict::kKeep) return outputs.add(internal_key, value);
    if (verdict != Verdict::kKeepAsTombstone) return Status::ok();
    scratch.clear();
    append_internal_key(scratch, user_key_of(internal_key),
                        pack_trailer(trailer_seqno(trailer_of(internal_key)), Kind::kDelete));
    return outputs.add(scratch, {});
}

/// `cause`, with the outputs removed; if one cannot be, the message says so.
inline Status discard_after(Status cause, OutputSet& outputs) {
    const Status removed = outputs.discard();
    if (removed.is_ok()) return cause;
    return cause.with_context("an unfinished table stays behind (" + removed.to_string() + ")");
}

}  // namespace kv
