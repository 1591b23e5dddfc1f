// What keeps a directory from being a store's, said for the person who has to mend it, and whether
// trying again later could help. Used by kvd's main around Db::open, which stays the judge: a
// directory that passes here may still be refused there.
// Thread rule: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "kv/status.h"

namespace kv::server {

/// Ok when `path` is a directory that this process may read and write, or one that it can make.
/// kIoError or kNotFound says what is in the way and what to do about it.
Status check_data_directory(const std::string& path);

/// Whether an error of Db::open, or of opening the log, may be gone at the next start with nobody
/// doing anything: a full disk, too little memory, too many open files. Everything else stays until
/// somebody mends it.
bool may_pass(const Status& open_error);

/// What to do about an error of Db::open that only names a call and a file, to put behind it;
/// empty when the message says enough.
std::string advice_for(const Status& open_error);

}  // namespace kv::server
