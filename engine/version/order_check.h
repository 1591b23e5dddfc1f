// The order check: run on every new Version before its edit is written, and on open.
//
// What must hold: for every user key, all its entries in a shallower place are newer than all its
// entries in a deeper one. Metadata cannot show that in full, so two sound halves are checked:
// the state (check_order) and, stronger, the step that led to it (check_step). Neither refuses a
// state that a correct store can reach; version/order_check.cc says why.
// Thread rule: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kv/status.h"
#include "version/version.h"

namespace kv {

/// State: level 0 newest first with disjoint seqno ranges; levels 1.. sorted and disjoint by user
/// key (so no user key is split over two tables); where two tables of different levels share a
/// boundary key, the shallower one's entry is newer. kCorruption naming the two tables.
Status check_order(const Version& version);

/// Step: a new level 0 table is newer than every table before it; what leaves level 0 leaves no
/// older overlapping table behind; nothing moves past an overlapping table of a level in between or
/// upwards; outputs stay within their inputs' keys and seqnos. Also check_order, limited to what
/// the edit added and its neighbours, so that the cost does not grow with the store. kCorruption
/// naming the two tables.
Status check_step(const Version& before, const VersionEdit& edit, const Version& after);

}  // namespace kv
