// write_checkpoint: an open store's state of one moment as a directory that opens as a store.
//
// Order, so that a power failure leaves either nothing that looks like a store or all of it: tables
// linked and log copied and synced, their names synced, then MANIFEST, then CURRENT.
// Thread rule: any thread; blocks on the disk. Writes go on meanwhile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "db/garbage.h"
#include "db/log_stage.h"
#include "db/store_context.h"
#include "kv/checkpoint.h"
#include "version/manifest.h"

namespace kv::db {

/// The store as of log.durable() or later, in `dir`, which is created; an empty directory is taken
/// too. kInvalidArgument: it holds something. kNoSpace, kIoError; kCorruption when `options.verify`
/// finds damage. After an error what was made is removed, or the message says what stays.
Result<CheckpointInfo> write_checkpoint(StoreContext& context, const Manifest& manifest,
                                        const LogStage& log, GarbageCollector& garbage,
                                        const std::string& dir, const CheckpointOptions& options);

}  // namespace kv::db
