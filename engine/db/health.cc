// See the header.
// SPDX-License-Identifier: Apache-2.0
#include "db/health.h"

namespace kv::db {

namespace {

std::string_view cause_name(Health::Cause cause) {
    switch (cause) {
        case Health::Cause::kLogWrite:
            return "log write";
        case Health::Cause::kLogSegment:
            return "log segment";
        case Health::Cause::kFlush:
            return "flush";
        case Health::Cause::kManifest:
            return "MANIFEST";
        case Health::Cause::kCompaction:
            return "compaction";
        case Health::Cause::kLevel0Full:
            return "level 0";
    }
    return "unknown";
}

}  // namespace

void Health::raise(Cause cause, const Status& status) {
    const std::string text = std::string(cause_name(cause)) + ": " + status.to_string();
    bool news;
    {
        std::lock_guard lock(mutex_);
        Problem& problem = problems_[static_cast<size_t>(cause)];
        news = !problem.raised || problem.text != text;
        if (!problem.raised) problem.since_ms = context_.clock.wall_ms();
        problem.raised = true;
        problem.no_space = status.is(Code::kNoSpace);
        problem.text = text;
        update_state();
    }
    if (!news) return;
    const bool stops = cause != Cause::kCompaction;
    context_.log(LogLevel::kError, text + (stops ? "; writes are refused, reads go on"
                                                 : "; its inputs stay, everything else goes on"));
}

void Health::clear(Cause cause) {
    {
        std::lock_guard lock(mutex_);
        Problem& problem = problems_[static_cast<size_t>(cause)];
        if (!problem.raised) return;
        problem = {};
        update_state();
    }
    context_.log(LogLevel::kInfo, std::string(cause_name(cause)) + ": recovered");
}

void Health::update_state() {
    StoreState worst = StoreState::kOk;
    for (size_t i = 0; i < kCauses; ++i) {
        if (!problems_[i].raised || static_cast<Cause>(i) == Cause::kCompaction) continue;
        const StoreState state =
            problems_[i].no_space ? StoreState::kNoSpace : StoreState::kReadOnly;
        if (worst == StoreState::kOk || state == StoreState::kReadOnly) worst = state;
    }
    state_.store(worst, std::memory_order_release);
}

Status Health::refusal() const {
    const bool full = state() == StoreState::kNoSpace;
    return {full ? Code::kNoSpace : Code::kReadOnly,
            (full ? "the disk is full, writes resume by themselves when there is room; "
                  : "the store is read-only; ") +
                reason()};
}

std::string Health::reason() const {
    std::lock_guard lock(mutex_);
    std::string text;
    for (const Problem& problem : problems_) {
        if (!problem.raised) continue;
        if (!text.empty()) text += "; ";
        text += problem.text + " (since " + utc_text(problem.since_ms) + ")";
    }
    return text;
}

}  // namespace kv::db
